"""The operator's settings, from the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agents_crds.telemetry.logs import LogFormat
from agents_crds.v1alpha1.fields import Duration, ObjectName, SecretKeyRef
from agents_crds.v1alpha1.text import DNS_LABEL

PREFIX = "DURABLE_AGENTS_"
IDENTITY = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"


def _empty_is_none(value: object) -> object:
    return value or None


def _secret_key(value: object) -> object:
    if not isinstance(value, str) or not value:
        return value or None
    name, slash, key = value.partition("/")
    if not slash:
        raise ValueError("must be NAME/KEY: the name of a Secret and one of its keys")
    return {"name": name, "key": key}


def _lease_duration(value: timedelta) -> timedelta:
    if not timedelta(seconds=3) <= value <= timedelta(hours=1):
        raise ValueError("must be between 3s and 1h")
    return value


SecretKey = Annotated[SecretKeyRef | None, NoDecode, BeforeValidator(_secret_key)]
SecretName = Annotated[ObjectName | None, BeforeValidator(_empty_is_none)]


class Settings(BaseSettings):
    """Variables `DURABLE_AGENTS_*`; Temporal's own are read by its SDK, KUBECONFIG by kopf."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    installation: Annotated[str, Field(pattern=DNS_LABEL, max_length=40)] | None = None
    """Prefix of every name outside the cluster; generated once and kept in a ConfigMap when absent."""

    namespace: str = "durable-agents-system"
    """The operator's own namespace."""

    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """Namespaces to serve, separated by commas; none means all."""

    identity: Annotated[str, Field(pattern=IDENTITY, max_length=253)] | None = None
    """Name of this replica, which no other has at the same time; that of its host when absent."""

    lease_duration: Annotated[Duration, AfterValidator(_lease_duration)] = timedelta(seconds=15)
    """How long after the last sign of the replica that acts another one acts in its place."""

    health_port: int = 8080
    """Port of /healthz and /readyz."""

    metrics_port: int | None = None
    """Port of /metrics, which worker pods have too then; none, there are none."""

    temporal_ca_secret: SecretKey = None
    """`NAME/KEY` of the Secret, in each pool's namespace, with the authority of Temporal's certificate."""

    temporal_client_cert_secret: SecretName = None
    """Name of the kubernetes.io/tls Secret, in each pool's namespace, that workers show to Temporal."""

    temporal_api_key_secret: SecretKey = None
    """`NAME/KEY` of the Secret, in each pool's namespace, with Temporal's API key."""

    payload_store_access_key_secret: SecretKey = None
    """`NAME/KEY` of the Secret, in each pool's namespace, with the access key of the payload store."""

    payload_store_secret_key_secret: SecretKey = None
    """`NAME/KEY` of the Secret, in each pool's namespace, with the secret key of the payload store."""

    agent_interval: Duration = timedelta(minutes=10)
    """How often a remote agent is compared with its manifest, and a pool's worker asked for its tools."""

    provider_interval: Duration = timedelta(minutes=5)
    """How often a provider that is Ready is tried again."""

    connection_interval: Duration = timedelta(seconds=30)
    """How often the Secrets of a TemporalConnection are read, and its server is tried."""

    retry_interval: Duration = timedelta(seconds=10)
    """How soon what may come by itself (a Secret, a worker, a provider) is looked for again."""

    source_interval: Duration = timedelta(seconds=30)
    """How often the ConfigMaps that instructions come from are looked at."""

    sweep_interval: Duration = timedelta(minutes=1)
    """How often Temporal's workflows are compared with the AgentRuns, and expired runs are deleted."""

    resync_interval: Duration = timedelta(minutes=10)
    """How often everything is listed, for deletions that a broken watch has lost."""

    sweep_settled: Duration = timedelta(minutes=2)
    """How old a run or a workflow must be for a sweep to miss its counterpart."""

    conversation_interval: Duration = timedelta(hours=1)
    """How often conversations are looked for of which no AgentRun is left."""

    conversation_settled: Duration = timedelta(minutes=10)
    """How old a conversation must be to be deleted."""

    deletion_timeout: Duration = timedelta(minutes=10)
    """How long the deletion of an Agent waits for its remote agent before it is recorded as an orphan."""

    pool_deletion_timeout: Duration = timedelta(hours=1)
    """How long the workers of a WorkerPool that is deleted stay for its runs before these are ended."""

    autoscale_interval: Annotated[Duration, Field(ge=timedelta(milliseconds=100))] = timedelta(seconds=5)
    """How often the number of a pool's workers is compared with its work."""

    build_interval: Duration = timedelta(minutes=10)
    """How often Worker Deployments are looked for in Temporal of which no WorkerPool is left."""

    shutdown_grace: Duration = timedelta(seconds=2)
    """How long a workflow that is asked to end may take before it is ended without its workers."""

    progress_writes: Annotated[int, Field(ge=0)] = 100
    """How many runs that go on are told of in one sweep, those first of which it was longest ago."""

    cancel_grace: Duration = timedelta(seconds=60)
    """How long a cancelled workflow may go on before it is terminated."""

    log_level: str = "INFO"
    """Level of the log."""

    log_format: LogFormat = LogFormat.TEXT
    """How the log is written, workers' too: `text`, or `json` with an object a line."""

    otlp_headers_file: Path | None = None
    """File with the headers for the collector of traces, as OTEL_EXPORTER_OTLP_HEADERS has them."""

    otlp_headers_secret: SecretKey = None
    """`NAME/KEY` of the Secret, in each pool's namespace, with these headers."""

    @field_validator("watch_namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, value.replace(" ", "").split(","))) if isinstance(value, str) else value


def problems(error: ValidationError) -> str:
    """Tell which variables are wrong, and why."""
    return "; ".join(f"{PREFIX}{str(each['loc'][0]).upper()}: {_why(each)}" for each in error.errors())


def _why(each: ErrorDetails) -> str:
    inside = "".join(f"{part}: " for part in each["loc"][1:])
    return f"{inside}{each['msg'].removeprefix('Value error, ')}"
