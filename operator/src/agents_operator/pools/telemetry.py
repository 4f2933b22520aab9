"""What workers are told of how to tell what they do: metrics, logs and traces."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agents_crds.contract.environment import WORKER_METRICS_PORT, WorkerVariable
from agents_crds.telemetry.asked import passed_on
from agents_crds.telemetry.logs import LogFormat
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.pools.temporal_target import mounted
from agents_operator.settings import Settings


@dataclass(frozen=True)
class WorkerTelemetry:
    """What a worker's container is told; what is left out asks for nothing."""

    environment: Mapping[WorkerVariable, str] = field(default_factory=dict)
    secrets: tuple[SecretKeyRef, ...] = ()
    """Of the workers' own namespaces; a worker does without them too."""


def worker_telemetry(settings: Settings, environment: Mapping[str, str]) -> WorkerTelemetry:
    """Let workers do as the operator does, by its own `environment`; raise TracingVariablesError."""
    told: dict[WorkerVariable, str] = {}
    if settings.metrics_port is not None:
        told[WorkerVariable.METRICS_PORT] = str(WORKER_METRICS_PORT)
    if settings.log_format is LogFormat.JSON:
        told[WorkerVariable.LOG_FORMAT] = settings.log_format.value
    tracing = passed_on(environment)
    if not tracing:
        return WorkerTelemetry(told)
    told[WorkerVariable.TELEMETRY] = tracing
    headers = settings.otlp_headers_secret
    if headers is None:
        return WorkerTelemetry(told)
    return WorkerTelemetry({**told, WorkerVariable.OTLP_HEADERS_FILE: mounted(headers)}, (headers,))
