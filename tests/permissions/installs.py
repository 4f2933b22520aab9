"""Installs of the operator that serve named namespaces: a service account each, and Roles, no ClusterRole."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from agents_operator.installation import CONFIG_MAP
from agents_operator.installation import KEY as INSTALLATION_ID
from tests.component.platform import SHORT_INTERVALS, Operator, Platform
from tests.component.tenant import Tenant
from tests.permissions.rights import operator_permissions
from tools.local import audit
from tools.local.install import operator_roles
from tools.local.kubeconfig import User, kubeconfig, read_kubeconfig
from tools.local.ports import free_ports
from tools.local.processes import Processes
from tools.local.services import OperatorSettings, operator_service

ACCOUNT = "operator"
# Everything that is done now and then is done while a test looks.
OFTEN = {**SHORT_INTERVALS, "DURABLE_AGENTS_RESYNC_INTERVAL": "1s"}


@dataclass(frozen=True)
class Install:
    """An operator in the namespace of its name."""

    name: str
    served: tuple[str, ...]
    platform: Platform
    processes: Processes

    @property
    def user(self) -> str:
        """Who its operator is to the API server."""
        return f"system:serviceaccount:{self.name}:{ACCOUNT}"

    def set_up(self) -> None:
        """Make its namespace, its service account, and its rights where it serves."""
        self.set_up_account()
        self.grant(*self.served)

    def set_up_account(self) -> None:
        """Make its namespace and its service account."""
        self.platform.kubectl("create", "namespace", self.name)
        self.platform.kubectl("create", "serviceaccount", ACCOUNT, f"--namespace={self.name}")

    def grant(self, *namespaces: str) -> None:
        """Give it its rights in namespaces, none named means all, and in its own."""
        subject: dict[str, object] = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": self.name}
        roles = operator_roles(operator_permissions(), subject, home=self.name, served=namespaces)
        self.platform.kubectl.apply(yaml.safe_dump_all(roles))

    def tenants(self) -> tuple[Tenant, ...]:
        """Describe the namespaces that it serves, once its operator has made up an installation id."""
        path = f"--output=jsonpath={{.data.{INSTALLATION_ID}}}"
        home = f"--namespace={self.name}"
        own = self.platform.of_installation(self.platform.kubectl("get", "configmap", CONFIG_MAP, home, path))
        return tuple(Tenant(own, namespace) for namespace in self.served)

    def operator(self) -> Operator:
        """Describe its operator's process."""
        settings = OperatorSettings(
            kubeconfig=self._kubeconfig(),
            temporal_address=self.platform.temporal.address,
            health_port=free_ports(1)[0],
            namespace=self.name,
            watch_namespaces=self.served,
        )
        service = operator_service(settings, name=self.name, extra=OFTEN)
        return Operator(service, self.processes, settings.health_port)

    def requests(self) -> Iterator[audit.Request]:
        """What its operator has asked of the API server."""
        asked = audit.requests(self.platform.control_plane.audit_log)
        return (request for request in asked if request.user.username == self.user)

    def _kubeconfig(self) -> Path:
        plane = self.platform.control_plane
        token = self.platform.kubectl("create", "token", ACCOUNT, f"--namespace={self.name}").strip()
        server = read_kubeconfig(plane.kubeconfig().read_text())
        path = plane.directory / f"{self.name}.kubeconfig"
        text = kubeconfig(
            user=User(self.user), token=token, server=server.address, authority=server.authority.encode()
        )
        path.touch(mode=0o600)
        path.write_text(text)
        return path
