"""WorkerPool: the worker processes that run agents and their tools."""

from typing import Annotated, ClassVar

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.fields import Duration, Flag, JsonSchema, ToolName
from agents_crds.v1alpha1.meta import Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.podtemplate import PodTemplate
from agents_crds.v1alpha1.text import ListMap
from agents_crds.v1alpha1.whole import Whole

TOOL_LIMIT = 256


class StdioServers(ApiModel):
    """What the workers may start for MCP servers over stdio."""

    allowed_commands: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], Field(max_length=32)
    ] = ()
    """Commands, each exactly as an MCPServer names it; whoever starts one can do what the workers can."""


class WorkerPoolSpec(ApiModel):
    """Which workers, and how many."""

    replicas: Annotated[int, Whole(ge=0, le=1000)] = 1
    """Number of worker pods."""

    template: PodTemplate
    """The pods of the pool; a change makes a new build, and runs that go on stay with the old one."""

    stdio: StdioServers = StdioServers()
    """What the workers may start for MCP servers over stdio; by default nothing."""


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

    polling: Flag = False
    """Whether it may be called again and again with the same result."""

    timeout: Duration
    """Longest time of one call."""


class WorkerPoolStatus(Status):
    """What the operator observed."""

    build: Annotated[str, Field(max_length=64)] | None = None
    """The build that new runs go to."""

    contract: Annotated[int, Whole(ge=0)] | None = None
    """The contract that the workers of that build speak; absent means the first."""

    tools: Annotated[tuple[ToolDescription, ...], Field(max_length=TOOL_LIMIT), ListMap("name")] = ()
    """The tools of that build, as one of its workers told them."""

    conditions: Conditions = ()
    """Ready and Progressing."""


class WorkerPool(StoredObject):
    """WorkerPool is the worker processes that run agents and their tools."""

    spec: WorkerPoolSpec
    """Which workers, and how many."""

    status: WorkerPoolStatus = WorkerPoolStatus(
        conditions=pending(ConditionType.READY, ConditionType.PROGRESSING)
    )
    """What the operator observed."""

    rules: ClassVar = (
        Rule(
            cel="self.metadata.name.size() <= 40 && !self.metadata.name.contains('.')",
            message="metadata.name must be no more than 40 characters and without dots",
            holds=lambda pool: len(pool.metadata.name) <= 40 and "." not in pool.metadata.name,
        ),
    )
