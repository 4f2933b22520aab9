"""Reads of worker pods."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import selector


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


class Waits(_Part):
    """A container that has not started."""

    reason: str = ""
    message: str = ""


class Ended(_Part):
    """A container that has ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""
    """Its termination message: what it wrote there, or the end of its log where its policy says so."""


class _State(_Part):
    waiting: Waits | None = None
    terminated: Ended | None = None


class ContainerStatus(_Part):
    """A container of a pod."""

    name: str
    image: str = ""
    state: _State = _State()
    last_state: _State = _State()
    ready: bool = False

    @property
    def end(self) -> Ended | None:
        """How it ended last, unless it is well again."""
        return self.state.terminated or (None if self.ready else self.last_state.terminated)


class _Condition(_Part):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class _Meta(_Part):
    name: str
    deletion_timestamp: datetime | None = None


class _Status(_Part):
    phase: str = ""
    conditions: tuple[_Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class WorkerPod(_Part):
    """A pod of a worker build, as far as the operator reads it."""

    metadata: _Meta
    status: _Status = _Status()

    @property
    def is_over(self) -> bool:
        """Whether it is going, or has ended for good, and another one takes its place."""
        return self.metadata.deletion_timestamp is not None or self.status.phase in {"Failed", "Succeeded"}

    @property
    def init_containers(self) -> tuple[ContainerStatus, ...]:
        """The containers that come before the worker."""
        return self.status.init_container_statuses

    @property
    def containers(self) -> tuple[ContainerStatus, ...]:
        """The worker and what runs beside it."""
        return self.status.container_statuses

    @property
    def unschedulable(self) -> str | None:
        """Why no node takes it; None when one does, or nobody has tried."""
        tried = (each for each in self.status.conditions if each.type == "PodScheduled")
        return next((each.message for each in tried if each.reason == "Unschedulable"), None)


class _List(_Part):
    items: tuple[WorkerPod, ...]


class Pods:
    """Pods of worker pools."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api

    async def of_build(self, namespace: str, pool: str, build: str) -> tuple[WorkerPod, ...]:
        """List the pods of a build that are there to stay."""
        content = await self._api.request(
            "GET", f"api/v1/namespaces/{namespace}/pods", query={"labelSelector": selector(pool, build)}
        )
        return tuple(pod for pod in _List.model_validate_json(content).items if not pod.is_over)
