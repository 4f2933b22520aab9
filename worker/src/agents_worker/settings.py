"""The worker's settings, from its environment."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.names import SECRETS_DIR
from agents_crds.telemetry.logs import LogFormat


def _split(text: object) -> object:
    if not isinstance(text, str):
        return text
    return tuple(name.strip() for name in text.split(",") if name.strip())


class SettingsError(Exception):
    """The environment is not what a worker needs; the message names the variables."""


class Settings(BaseSettings):
    """What the worker serves and where its tools and keys are; how it connects is a `TemporalAccess`."""

    model_config = SettingsConfigDict(frozen=True)

    deployment_name: str = Field(min_length=1, validation_alias=WorkerVariable.DEPLOYMENT_NAME)
    build_id: str = Field(min_length=1, validation_alias=WorkerVariable.BUILD_ID)
    pool_queue: str = Field(min_length=1, validation_alias=WorkerVariable.POOL_QUEUE)
    provider_queues: tuple[str, ...] = Field((), validation_alias=WorkerVariable.PROVIDER_QUEUES)
    stdio_commands: tuple[str, ...] = Field((), validation_alias=WorkerVariable.STDIO_COMMANDS)
    secrets_dir: Path = Field(Path(SECRETS_DIR), validation_alias=WorkerVariable.SECRETS_DIR)
    grace: float = Field(50, ge=0, validation_alias=WorkerVariable.GRACE)
    """Seconds that the activities in flight have to finish; an operator that does not tell them gives 60."""
    health_port: int | None = Field(None, validation_alias=WorkerVariable.HEALTH_PORT)
    metrics_port: int | None = Field(None, validation_alias=WorkerVariable.METRICS_PORT)
    log_format: Annotated[LogFormat, BeforeValidator(LogFormat.of)] = Field(
        LogFormat.TEXT, validation_alias=WorkerVariable.LOG_FORMAT
    )
    modules: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), validation_alias=WorkerVariable.MODULES
    )

    @classmethod
    def of_environment(cls) -> Self:
        """Read the process's own environment; raise SettingsError."""
        try:
            return cls()
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise SettingsError("; ".join(problems)) from error
