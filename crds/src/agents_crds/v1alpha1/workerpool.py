"""WorkerPool: the worker processes that run agents and their tools."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.fields import Duration, Flag, JsonSchema, ToolName
from agents_crds.v1alpha1.meta import Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.text import Format, ListMap
from agents_crds.v1alpha1.whole import Whole

TOOL_LIMIT = 256


class EnvVar(ApiModel):
    """An environment variable."""

    name: Annotated[
        str,
        Field(max_length=256),
        # Kubernetes refuses a pod with a variable whose name is `.` or begins with `..`.
        Format(
            r"^([-_a-zA-Z]|\.[-_a-zA-Z0-9])[-._a-zA-Z0-9]*$",
            "must be letters, digits, '-', '_' and '.', and begin neither with a digit nor with '..'",
        ),
    ]
    """Name of the variable."""

    value: Annotated[str, Field(max_length=32768)] = ""
    """Value of the variable."""


Argument = Annotated[str, Field(max_length=4096)]


class WorkerContainer(ApiModel):
    """The container that runs the worker."""

    name: Literal["worker"]
    """Always `worker`."""

    image: Annotated[
        str,
        Field(max_length=1024),
        Format(r"^[!-~]+$", "must name an image, without spaces, as in example.com/workers:1.2"),
    ]
    """Image with the worker and the tools."""

    command: Annotated[tuple[Argument, ...], Field(max_length=64)] | None = None
    """Entry point, where it is not the image's."""

    args: Annotated[tuple[Argument, ...], Field(max_length=64)] | None = None
    """Arguments, where they are not the image's."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=128), ListMap("name")] = ()
    """Environment; `WORKER_MODULES` names the Python modules whose tools the worker offers."""

    rules: ClassVar = (
        Rule(
            cel="!has(self.env) || self.env.all(e, "
            "!e.name.startsWith('DURABLE_AGENTS_') && !e.name.startsWith('TEMPORAL_'))",
            message="env must not set DURABLE_AGENTS_* or TEMPORAL_* variables: the operator sets them",
            holds=lambda container: (
                not any(e.name.startswith(("DURABLE_AGENTS_", "TEMPORAL_")) for e in container.env)
            ),
            path=".env",
        ),
    )


class WorkerPodSpec(ApiModel):
    """The worker pod."""

    containers: Annotated[tuple[WorkerContainer, ...], Field(min_length=1, max_length=1)]
    """The one container `worker`."""


class WorkerPodTemplate(ApiModel):
    """The pods of the pool."""

    spec: WorkerPodSpec
    """The worker pod."""


class WorkerPoolSpec(ApiModel):
    """Which workers, and how many."""

    replicas: Annotated[int, Whole(ge=0, le=1000)] = 1
    """Number of worker pods."""

    template: WorkerPodTemplate
    """The pods of the pool; a change makes a new build, and runs that go on stay with the old one."""


class ToolDescription(ApiModel):
    """A Python function that the pool's workers offer as a tool."""

    name: ToolName
    """Name of the function."""

    description: Annotated[str, Field(max_length=4096)] = ""
    """What it does, as the model is told."""

    parameters: JsonSchema
    """JSON schema of its arguments."""

    idempotent: Flag = False
    """Whether a call that died with its worker is repeated."""

    timeout: Duration
    """Longest time of one call."""


class WorkerPoolStatus(Status):
    """What the operator observed."""

    build: Annotated[str, Field(max_length=64)] | None = None
    """The build that new runs go to."""

    tools: Annotated[tuple[ToolDescription, ...], Field(max_length=TOOL_LIMIT), ListMap("name")] = ()
    """The tools of that build, as one of its workers told them."""

    conditions: Conditions = ()
    """Ready."""


class WorkerPool(StoredObject):
    """WorkerPool is the worker processes that run agents and their tools."""

    spec: WorkerPoolSpec
    """Which workers, and how many."""

    status: WorkerPoolStatus = WorkerPoolStatus(conditions=pending(ConditionType.READY))
    """What the operator observed."""

    rules: ClassVar = (
        Rule(
            cel="self.metadata.name.size() <= 40 && !self.metadata.name.contains('.')",
            message="metadata.name must be no more than 40 characters and without dots",
            holds=lambda pool: len(pool.metadata.name) <= 40 and "." not in pool.metadata.name,
        ),
    )
