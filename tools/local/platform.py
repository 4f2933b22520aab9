"""The local platform as it is laid out in one directory: its ports, its servers, its processes."""

import fcntl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agents_crds.contract.environment import WorkerVariable
from tools.errors import ExpectedError
from tools.local.control_plane import ControlPlane, ControlPlanePorts
from tools.local.install import install
from tools.local.ports import free_ports
from tools.local.processes import Processes, Service
from tools.local.services import (
    OperatorSettings,
    StandIn,
    operator_service,
    pods_service,
    travel_desk_service,
)
from tools.local.temporal import TemporalPorts, TemporalServer
from tools.parts.catalog import Parts


class Ports(BaseModel):
    """Every port of the platform; the defaults are what a first start takes when they are free."""

    model_config = ConfigDict(frozen=True)

    etcd: int = 16379
    etcd_peer: int = 16380
    apiserver: int = 16443
    controller_manager: int = 16457
    temporal: int = 17233
    temporal_http: int = 17243
    temporal_metrics: int = 17253
    temporal_ui: int = 18233
    standin: int = 18000
    operator_health: int = 18080
    travel_desk: int = 18001


PORTS_OF = {
    "etcd": ("etcd", "etcd_peer"),
    "kube-apiserver": ("apiserver",),
    "kube-controller-manager": ("controller_manager",),
    "temporal": ("temporal", "temporal_http", "temporal_metrics", "temporal_ui"),
    "standin": ("standin",),
    "operator": ("operator_health",),
    "travel-desk": ("travel_desk",),
}
"""The processes that listen, and where."""


def settled_ports(
    remembered: Ports, running: Collection[str], is_free: Callable[[int], bool], spare: Iterator[int]
) -> Ports:
    """Keep every port that a running process has or that is free; take a spare one for the others."""
    update = {
        field: next(spare)
        for process, fields in PORTS_OF.items()
        if process not in running
        for field in fields
        if not is_free(getattr(remembered, field))
    }
    return remembered.model_copy(update=update)


def spare_ports() -> Iterator[int]:
    """Free ports, without end."""
    while True:
        yield from free_ports(len(Ports.model_fields))


@dataclass(frozen=True)
class Layout:
    """Where everything is kept."""

    directory: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.directory / "kubeconfig"

    @property
    def logs(self) -> Path:
        """The output of every process; of workers below `workers`."""
        return self.directory / "logs"

    def processes(self) -> Processes:
        """The platform's processes, which outlive this one."""
        return Processes(self.directory / "run", self.logs)

    def ports(self) -> Ports:
        """The ports as they were last chosen."""
        try:
            return Ports.model_validate_json(self._ports.read_text())
        except FileNotFoundError:
            return Ports()

    def remember(self, ports: Ports) -> None:
        """Choose these ports next time too."""
        self._ports.write_text(ports.model_dump_json(indent=2))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep two commands from starting or stopping the platform at once."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ExpectedError(
                    "another command is starting or stopping the platform: wait for it"
                ) from error
            yield

    @property
    def _ports(self) -> Path:
        return self.directory / "ports.json"


class Platform:
    """The servers and services of a layout, at the given ports."""

    def __init__(self, layout: Layout, parts: Parts, ports: Ports) -> None:
        self.layout, self.ports = layout, ports
        self.control_plane = ControlPlane(
            layout.directory / "kube",
            parts,
            ControlPlanePorts(ports.etcd, ports.etcd_peer, ports.apiserver, ports.controller_manager),
            install=install,
            durable=True,
        )
        self.temporal = TemporalServer(
            layout.directory / "temporal",
            TemporalPorts(ports.temporal, ports.temporal_http, ports.temporal_metrics, ports.temporal_ui),
            durable=True,
        )
        self.standin = StandIn(ports.standin, layout.directory / "standin" / "state.json")

    @property
    def servers(self) -> tuple[Service, ...]:
        """What everything else needs, startable together."""
        return (*self.control_plane.api, self.temporal.service)

    @property
    def clients(self) -> tuple[Service, ...]:
        """What needs the API server and the kinds, startable together."""
        operator = OperatorSettings(
            kubeconfig=self.control_plane.kubeconfig("operator"),
            temporal_address=self.temporal.address,
            health_port=self.ports.operator_health,
        )
        pods = pods_service(
            self.control_plane.kubeconfig(), self.layout.directory / "workers", self.layout.logs / "workers"
        )
        store = (self.layout.directory / "payloads").absolute().as_uri()
        kept = operator_service(operator, extra={WorkerVariable.PAYLOAD_STORE: store})
        return (self.control_plane.controllers, kept, pods)

    @property
    def travel_desk(self) -> Service:
        """An example's MCP server, which the demo alone needs."""
        return travel_desk_service(self.ports.travel_desk)


STOP_ORDER = (
    ("pods", "operator"),
    ("kube-controller-manager", "standin", "travel-desk"),
    ("kube-apiserver", "temporal"),
    ("etcd",),
)
"""Every process, clients before their servers; those of one step end together."""

PROCESSES = tuple(name for step in STOP_ORDER for name in step)
"""The names of all of them."""
