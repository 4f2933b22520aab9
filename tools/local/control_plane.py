"""A real Kubernetes control plane in a directory: etcd, kube-apiserver and kube-controller-manager.

No kubelet, so no pod ever runs; `tools.local.pods` stands in for it. RBAC is on, so that a permission the
operator lacks fails here and not in a cluster.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.local import audit
from tools.local.environment import base_environment
from tools.local.kubeconfig import ADMIN, OPERATOR, kubeconfig, new_signing_key, token_file
from tools.local.kubectl import Kubectl
from tools.local.ports import HOST, free_ports
from tools.local.probes import answers
from tools.local.processes import Command, Processes, Service
from tools.parts.catalog import Parts

_START_SECONDS = 90.0
_CONTROLLERS = ("garbage-collector-controller", "namespace-controller")
_USERS = (ADMIN, OPERATOR)


@dataclass(frozen=True)
class ControlPlanePorts:
    """Where its servers listen."""

    etcd: int
    etcd_peer: int
    apiserver: int
    controller_manager: int

    @classmethod
    def free(cls) -> Self:
        """Ports that nothing listens on now."""
        return cls(*free_ports(4))


class ControlPlane:
    """Everything it needs and leaves is in `directory`, which may be started again.

    `install` is called when the API serves and before the controllers start: they look for new kinds only
    when they start and every 30 s. `admission` names plugins besides the API server's own choice. `durable`
    makes etcd sync to disk: without it a power cut may lose state, a killed process does not.
    """

    def __init__(
        self,
        directory: Path,
        parts: Parts,
        ports: ControlPlanePorts | None = None,
        *,
        install: Callable[[Kubectl], None] | None = None,
        admission: tuple[str, ...] = (),
        durable: bool = False,
    ) -> None:
        self.directory = directory
        self.ports = ports or ControlPlanePorts.free()
        self._parts, self._install = parts, install
        self._admission, self._durable = admission, durable

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run it for a `with` block; it ends with this process, whatever ends that."""
        with Processes.tethered(self.directory) as processes:
            self.start(processes)
            yield self

    def start(self, processes: Processes) -> None:
        """Start all of it and return when it serves."""
        self.prepare()
        for service in self.api:
            processes.start(service.command)
        processes.wait_ready(*self.api, timeout=_START_SECONDS)
        self.write_kubeconfigs()
        if self._install is not None:
            self._install(self.kubectl())
        processes.start(self.controllers.command)
        processes.wait_ready(self.controllers, timeout=_START_SECONDS)

    @property
    def server(self) -> str:
        """The address of the API server."""
        return f"https://{HOST}:{self.ports.apiserver}"

    @property
    def audit_log(self) -> Path:
        """What all but administrators asked of the API server; read it with `tools.local.audit.requests`."""
        return self.directory / "audit.jsonl"

    def kubeconfig(self, user: str = ADMIN.name) -> Path:
        """The kubeconfig of `admin` (may do everything) or `operator` (what its ClusterRole grants)."""
        return self.directory / f"{user}.kubeconfig"

    def kubectl(self, user: str = ADMIN.name) -> Kubectl:
        """kubectl as `user`."""
        return Kubectl(self._parts.kubectl, self.kubeconfig(user))

    def prepare(self) -> None:
        """Write the files the servers read. Keys and tokens are made once and kept."""
        self.directory.mkdir(parents=True, exist_ok=True)
        _write_once(self._signing_key, new_signing_key())
        for user in _USERS:
            _write_once(self._token(user.name), secrets.token_urlsafe(24))
        tokens = {user: self._token(user.name).read_text() for user in _USERS}
        _write_private(self._tokens, token_file(tokens))
        self._audit_policy.write_text(audit.POLICY)

    def write_kubeconfigs(self) -> None:
        """Write a kubeconfig for each user; the API server has made its certificate by the time it serves."""
        authority = (self._certificates / "apiserver.crt").read_bytes()
        for user in _USERS:
            token = self._token(user.name).read_text()
            text = kubeconfig(user=user, token=token, server=self.server, authority=authority)
            _write_private(self.kubeconfig(user.name), text)

    @property
    def api(self) -> tuple[Service, Service]:
        """etcd and the API server, which waits for etcd by itself."""
        etcd = f"http://{HOST}:{self.ports.etcd}"
        return (
            Service(
                self._command("etcd", self._parts.etcd, *self._etcd_flags(etcd)), answers(f"{etcd}/health")
            ),
            Service(
                self._command("kube-apiserver", self._parts.apiserver, *self._apiserver_flags(etcd)),
                answers(f"{self.server}/readyz"),
            ),
        )

    @property
    def controllers(self) -> Service:
        """Garbage collection by owner references and the end of namespaces; to start when the API serves."""
        flags = (
            f"--kubeconfig={self.kubeconfig(ADMIN.name)}",
            f"--controllers={','.join(_CONTROLLERS)}",
            f"--bind-address={HOST}",
            f"--secure-port={self.ports.controller_manager}",
            f"--cert-dir={self._certificates}",
            "--leader-elect=false",
        )
        return Service(
            self._command("kube-controller-manager", self._parts.controller_manager, *flags),
            answers(f"https://{HOST}:{self.ports.controller_manager}/healthz"),
        )

    def _etcd_flags(self, etcd: str) -> tuple[str, ...]:
        peer = f"http://{HOST}:{self.ports.etcd_peer}"
        return (
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={etcd}",
            f"--advertise-client-urls={etcd}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            *(() if self._durable else ("--unsafe-no-fsync",)),
        )

    def _apiserver_flags(self, etcd: str) -> tuple[str, ...]:
        return (
            f"--etcd-servers={etcd}",
            f"--bind-address={HOST}",
            f"--secure-port={self.ports.apiserver}",
            f"--cert-dir={self._certificates}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={self._tokens}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._signing_key}",
            f"--service-account-signing-key-file={self._signing_key}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--disable-admission-plugins=ServiceAccount",  # nothing here makes service accounts
            f"--enable-admission-plugins={','.join(self._admission)}",
            "--endpoint-reconciler-type=none",
            f"--audit-policy-file={self._audit_policy}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-maxsize=100",
            "--audit-log-maxbackup=1",
        )

    def _command(self, name: str, program: Path, *flags: str) -> Command:
        # Called by its own name: one binary may be all of them and picks by it.
        return Command(name, (str(program), *flags), base_environment(os.environ), self.directory)

    @property
    def _certificates(self) -> Path:
        return self.directory / "certificates"

    @property
    def _signing_key(self) -> Path:
        return self.directory / "service-accounts.key"

    @property
    def _tokens(self) -> Path:
        return self.directory / "tokens.csv"

    @property
    def _audit_policy(self) -> Path:
        return self.directory / "audit-policy.yaml"

    def _token(self, user: str) -> Path:
        return self.directory / f"{user}.token"


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        _write_private(path, text)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
