"""What the runner reads of Kubernetes objects; everything else in them is ignored."""

import base64
import hashlib
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

WORKER = "worker"


class Key(NamedTuple):
    """Names an object of a kind."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Model(BaseModel):
    """A part of an object, by its Kubernetes field names."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, validate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: object) -> object:
        """The API server writes some empty lists as null."""
        if isinstance(value, dict):
            return {name: each for name, each in value.items() if each is not None}
        return value


class Metadata(Model):
    """Of an object, or of a pod template, which has neither name nor namespace."""

    name: str = ""
    namespace: str = ""
    generation: int = 0
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class EnvVar(Model):
    """`value` is None for a value from elsewhere, which no worker has."""

    name: str
    value: str | None = None


class VolumeMount(Model):
    """Where a container finds a volume, or a part of it."""

    name: str
    mount_path: str
    sub_path: str = ""


class Container(Model):
    """How a process is started."""

    name: str
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()


class SecretItem(Model):
    """One key of a Secret and the file it becomes."""

    key: str
    path: str


class SecretProjection(Model):
    """The keys to show of a Secret; all of them when `items` is empty."""

    name: str = ""
    optional: bool = False
    items: tuple[SecretItem, ...] = ()


class VolumeSource(Model):
    """One source of a projected volume."""

    secret: SecretProjection | None = None


class ProjectedVolume(Model):
    """Several sources shown as one directory."""

    sources: tuple[VolumeSource, ...] = ()


class SecretVolume(Model):
    """The keys of one Secret shown as a directory."""

    secret_name: str = ""
    optional: bool = False
    items: tuple[SecretItem, ...] = ()


class Volume(Model):
    """A volume of a pod; only those that show Secrets matter here."""

    name: str = ""
    projected: ProjectedVolume | None = None
    secret: SecretVolume | None = None

    @property
    def secrets(self) -> tuple[SecretProjection, ...]:
        """Every Secret it shows."""
        if self.secret is not None:
            own = self.secret
            return (SecretProjection(name=own.secret_name, optional=own.optional, items=own.items),)
        sources = self.projected.sources if self.projected else ()
        return tuple(source.secret for source in sources if source.secret)


class PodSpec(Model):
    """What a pod runs."""

    containers: tuple[Container, ...]
    volumes: tuple[Volume, ...] = ()
    termination_grace_period_seconds: int = 30


class PodTemplate(Model):
    """What each replica is made from."""

    metadata: Metadata = Metadata()
    spec: PodSpec

    @cached_property
    def hash(self) -> str:
        """Differs when running replicas must be replaced."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def worker(self) -> Container | None:
        """The container to run, if there is one by that name."""
        return next((each for each in self.spec.containers if each.name == WORKER), None)

    @property
    def secrets(self) -> dict[str, tuple[SecretProjection, ...]]:
        """Every Secret that its volumes show, by the volume's name."""
        shown = (volume for volume in self.spec.volumes if volume.projected or volume.secret)
        return {volume.name: volume.secrets for volume in shown}


class DeploymentSpec(Model):
    """How many replicas of what."""

    replicas: int = 1
    template: PodTemplate


class Condition(Model):
    """One condition of a Deployment; `last_update_time` is of its message, the other of its status."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_update_time: datetime | None = None
    last_transition_time: datetime | None = None


class DeploymentStatus(Model):
    """What the Deployment controller would report."""

    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    unavailable_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(Model):
    """A Deployment as the API server shows it."""

    metadata: Metadata
    spec: DeploymentSpec
    status: DeploymentStatus = DeploymentStatus()

    @property
    def key(self) -> Key:
        """Its name and namespace."""
        return Key(self.metadata.namespace, self.metadata.name)

    @property
    def replicas(self) -> int:
        """How many processes there should be; none once it is being deleted."""
        return 0 if self.metadata.deletion_timestamp else self.spec.replicas


class Secret(Model):
    """A Secret; `data` is base64 as the API shows it, kept from logs."""

    metadata: Metadata
    data: dict[str, str] = Field(default={}, repr=False)

    @property
    def key(self) -> Key:
        """Its name and namespace."""
        return Key(self.metadata.namespace, self.metadata.name)

    def value(self, key: str) -> bytes | None:
        """One decoded value."""
        encoded = self.data.get(key)
        return None if encoded is None else base64.b64decode(encoded)

    @classmethod
    def of(cls, key: Key, values: dict[str, bytes]) -> Self:
        """Make one from plain values."""
        data = {name: base64.b64encode(value).decode() for name, value in values.items()}
        return cls(metadata=Metadata(name=key.name, namespace=key.namespace), data=data)
