"""Deployments of worker builds, as far as tests read them."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.pools.deployment import (
    PoolProvider,
    Surroundings,
    build_of,
    worker_deployment_manifest,
)
from agents_operator.pools.temporal_target import TemporalTarget

TEMPORAL = TemporalTarget("temporal:7233", "agents")
MISTRAL = PoolProvider("default", SecretKeyRef(name="mistral"))
EU = PoolProvider("eu", SecretKeyRef(name="mistral-eu", key="token"))


class Part(BaseModel):
    """A part of a Deployment, as far as the tests read it."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Variable(Part):
    name: str
    value: str


class Container(Part):
    name: str
    image: str
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...]
    volume_mounts: tuple[dict[str, JsonValue], ...] = Field(alias="volumeMounts")


class Volume(Part):
    name: str
    projected: dict[str, JsonValue] = {}


class PodSpec(Part):
    containers: tuple[Container, ...]
    volumes: tuple[Volume, ...]

    @property
    def keys(self) -> Volume:
        (found,) = [volume for volume in self.volumes if volume.name == "durable-agents-keys"]
        return found


class Meta(Part):
    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}
    owners: tuple[dict[str, JsonValue], ...] = Field(default=(), alias="ownerReferences")


class Template(Part):
    metadata: Meta
    spec: PodSpec


class Selector(Part):
    labels: dict[str, str] = Field(alias="matchLabels")


class Strategy(Part):
    rolling_update: dict[str, JsonValue] = Field(alias="rollingUpdate")


class Spec(Part):
    replicas: int | None = None
    strategy: Strategy
    selector: Selector
    template: Template


class Deployment(Part):
    metadata: Meta
    spec: Spec

    @property
    def pod(self) -> PodSpec:
        return self.spec.template.spec

    @property
    def env(self) -> list[str]:
        return [variable.name for variable in self.pod.containers[0].env]

    def value(self, name: str) -> str:
        (found,) = [variable.value for variable in self.pod.containers[0].env if variable.name == name]
        return found


def surroundings(*providers: PoolProvider) -> Surroundings:
    return Surroundings("inst", TEMPORAL, providers)


def deployment(of: WorkerPool, *providers: PoolProvider) -> Deployment:
    return Deployment.model_validate(worker_deployment_manifest(of, build_of(of), surroundings(*providers)))
