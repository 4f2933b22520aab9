"""A real API server with the kinds, on which a chart's roles and policies are put in force."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import yaml
from pydantic import JsonValue

from tests.charts.helm import Manifest
from tests.charts.people import SPECS, Answer, Person, manifest
from tests.crds.apiserver import client
from tests.user import eventually
from tools.local.control_plane import ControlPlane
from tools.local.install import install_kinds
from tools.parts.catalog import Parts

RBAC = "rbac.authorization.k8s.io"
# Someone who may do everything, but for what policies forbid.
ROOT = "root"


@dataclass(frozen=True)
class Cluster:
    """A control plane and a connection to it as an administrator."""

    control_plane: ControlPlane
    http: httpx2.Client

    @property
    def kubeconfig(self) -> Path:
        """An administrator's."""
        return self.control_plane.kubeconfig()

    def person(self, name: str) -> Person:
        """Anyone, by name; service accounts have one too."""
        return Person(name, self.http)

    def apply(self, manifests: Iterable[Manifest], *flags: str) -> None:
        """Store manifests, or with more flags only try to."""
        kubectl, text = self.control_plane.kubectl(), yaml.safe_dump_all(manifests)
        kubectl("apply", "--server-side", "--validate=strict", "--filename=-", *flags, stdin=text)

    def add_namespace(self, name: str, **labels: str) -> None:
        """Make a namespace."""
        metadata = {"name": name, "labels": labels}
        self.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}])

    def add_objects(self, namespace: str) -> None:
        """Store an object of each kind, named `present`."""
        for plural in SPECS:
            self.add_object(plural, "present", namespace)

    def add_object(self, plural: str, name: str, namespace: str, spec: JsonValue = None) -> None:
        """Store an object of ours."""
        stored = manifest(plural, spec)
        self.apply([{**stored, "metadata": {"name": name, "namespace": namespace}}])

    def grant(self, person: str, role: str, namespace: str) -> None:
        """Bind a ClusterRole to somebody in a namespace."""
        self.apply(
            [
                {
                    "apiVersion": f"{RBAC}/v1",
                    "kind": "RoleBinding",
                    "metadata": {"name": f"{person}.{role}", "namespace": namespace},
                    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
                    "subjects": [{"apiGroup": RBAC, "kind": "User", "name": person}],
                }
            ]
        )

    def allow(self, person: str, namespace: str, *rules: JsonValue) -> None:
        """Let somebody do something in a namespace."""
        name = f"{person}.allowed"
        metadata = {"name": name, "namespace": namespace}
        self.apply(
            [
                {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": list(rules)},
                {
                    "apiVersion": f"{RBAC}/v1",
                    "kind": "RoleBinding",
                    "metadata": metadata,
                    "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
                    "subjects": [{"apiGroup": RBAC, "kind": "User", "name": person}],
                },
            ]
        )


def rule(resource: str, *verbs: str, names: Iterable[str] = ()) -> dict[str, JsonValue]:
    """A rule about a resource of the core group."""
    limited: dict[str, JsonValue] = {"resourceNames": list(names)} if names else {}
    return {"apiGroups": [""], "resources": [resource], "verbs": list(verbs), **limited}


def wait_until_denied(policy: str, ask: Callable[[], Answer]) -> None:
    """Return when a policy denies a request: the API server takes it up a moment after it is stored."""
    eventually(ask, lambda answer: not answer.allowed and f"-{policy}' with binding" in answer.message)


@contextmanager
def running_cluster(directory: Path, parts: Parts) -> Iterator[Cluster]:
    """Run a control plane with the kinds installed."""
    with (
        ControlPlane(directory, parts, install=install_kinds).running() as control_plane,
        client(control_plane.kubeconfig()) as http,
    ):
        cluster = Cluster(control_plane, http)
        cluster.apply(
            [
                {
                    "apiVersion": f"{RBAC}/v1",
                    "kind": "ClusterRoleBinding",
                    "metadata": {"name": ROOT},
                    "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
                    "subjects": [{"apiGroup": RBAC, "kind": "User", "name": ROOT}],
                }
            ]
        )
        yield cluster
