"""Operators that tell metrics, and what one of them needs to be an install of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.component.platform import SHORT_INTERVALS, Operator, Platform
from tests.metrics.prometheus import Target
from tools.local.ports import free_ports
from tools.local.processes import Processes
from tools.local.services import OperatorSettings, operator_service


@dataclass(frozen=True)
class MeasuredOperator:
    """An operator, and where it tells its metrics."""

    operator: Operator
    metrics_port: int

    def start(self) -> None:
        """Start it, and return when it is ready: of several at once, on a machine that does much else."""
        processes, service = self.operator.processes, self.operator.service
        processes.start(service.command)
        processes.wait_ready(service, timeout=90)

    def kill(self) -> None:
        """End it without warning."""
        self.operator.kill()

    def target(self, job: str) -> Target:
        """Return it as a target of Prometheus, one of a job."""
        return Target(self.metrics_port, {"job": job})


def measured_operator(
    platform: Platform,
    processes: Processes,
    installation: str,
    *,
    serves: str = "",
    kubeconfig: Path | None = None,
    temporal: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> MeasuredOperator:
    """Describe an operator of a platform that `serves` a namespace, or all."""
    health_port, metrics_port = free_ports(2)
    settings = OperatorSettings(
        kubeconfig=kubeconfig or platform.control_plane.kubeconfig("operator"),
        temporal_address=temporal or platform.temporal.address,
        health_port=health_port,
        installation=installation,
        watch_namespaces=(serves,) if serves else (),
    )
    variables = {"DURABLE_AGENTS_METRICS_PORT": str(metrics_port), **SHORT_INTERVALS, **(extra or {})}
    service = operator_service(settings, name=f"operator-{installation}", extra=variables)
    return MeasuredOperator(Operator(service, processes, health_port), metrics_port)
