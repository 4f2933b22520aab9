"""WorkerPool: the worker processes that run agents and their tools."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule, Transition
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.fields import (
    Duration,
    Flag,
    JsonSchema,
    TemporalConnectionRef,
    Time,
    ToolName,
)
from agents_crds.v1alpha1.meta import Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.podtemplate import PodTemplate
from agents_crds.v1alpha1.text import ListMap
from agents_crds.v1alpha1.whole import Whole

TOOL_LIMIT = 256
BUILD_LIMIT = 100
"""As many versions as Temporal keeps of a Worker Deployment."""

Count = Annotated[int, Whole(ge=0)]
PodCount = Annotated[int, Whole(ge=0, le=2**31 - 1, strict=True)]
"""As the API server shows it in a scale subresource."""


class StdioServers(ApiModel):
    """What the workers may start for MCP servers over stdio."""

    allowed_commands: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...], Field(max_length=32)
    ] = ()
    """Commands, each exactly as an MCPServer names it; whoever starts one can do what the workers can."""


class Autoscaling(ApiModel):
    """Who decides how many worker pods there are, and by what."""

    mode: Literal["Auto", "External", "Off"] = "Auto"
    """Auto: the operator decides. External (an HPA, KEDA) and "Off", with quotes: whoever sets `replicas`."""

    min_replicas: Annotated[int, Whole(ge=0, le=1000, strict=True)] = 0
    """Fewest worker pods of the build that new runs go to; 0 lets it go to none while there is no work."""

    max_replicas: Annotated[int, Whole(ge=1, le=1000, strict=True)] = 10
    """Most worker pods of one build."""

    runs_per_worker: Annotated[int, Whole(ge=1, le=10_000)] = 50
    """How many executing runs a worker pod is for; a run that waits does not execute."""

    backlog_per_worker: Annotated[int, Whole(ge=1, le=100_000)] = 100
    """How many tasks that wait for a worker one worker pod is for."""

    scale_down_after: Duration = timedelta(minutes=1)
    """How long fewer worker pods must have been enough before there are fewer."""

    idle_timeout: Duration = timedelta(minutes=5)
    """How long there must have been no work before the last worker pod goes."""

    rules: ClassVar = (
        Rule(
            cel="self.minReplicas <= self.maxReplicas",
            message="minReplicas must not be more than maxReplicas",
            holds=lambda scaling: scaling.min_replicas <= scaling.max_replicas,
            path=".minReplicas",
        ),
    )


class Rollout(ApiModel):
    """How a new build takes the place of the one before."""

    force: Flag = False
    """Whether new runs go to a build even if it lacks what Ready Agents use."""


class WorkerPoolSpec(ApiModel):
    """Which workers, and how many."""

    replicas: Annotated[int, Whole(ge=0, le=1000, strict=True)] = 1
    """Number of worker pods, unless `autoscaling.mode` is Auto; `kubectl scale` sets it."""

    autoscaling: Autoscaling | None = None
    """Lets the number follow the work; absent, it is `replicas`."""

    template: PodTemplate
    """The pods of the pool; a change makes a new build, and runs that go on stay with the old one."""

    rollout: Rollout = Rollout()
    """How a new build takes the place of the one before."""

    temporal_connection_ref: TemporalConnectionRef | None = None
    """The Temporal that the pool's runs are kept in; absent, the operator's own. It cannot be changed."""

    stdio: StdioServers = StdioServers()
    """What the workers may start for MCP servers over stdio; by default nothing."""

    transitions: ClassVar = (
        # Runs that go on are kept where they were started.
        Transition(
            cel="has(self.temporalConnectionRef) == has(oldSelf.temporalConnectionRef) && "
            "(!has(self.temporalConnectionRef) || "
            "self.temporalConnectionRef.name == oldSelf.temporalConnectionRef.name)",
            message="spec.temporalConnectionRef is frozen: create another WorkerPool",
            path=".temporalConnectionRef",
        ),
    )

    @property
    def is_autoscaled(self) -> bool:
        """Whether the operator decides how many worker pods there are."""
        return self.autoscaling is not None and self.autoscaling.mode == "Auto"


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


class BuildStatus(ApiModel):
    """A build of the pool that has workers, or is to have some."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """Name of the build."""

    phase: Literal["Starting", "Current", "Draining"]
    """Starting: not asked for its tools yet. Current: new runs go to it. Draining: it finishes its runs."""

    replicas: Count = 0
    """Worker pods that it is to have."""

    ready_replicas: Count = 0
    """Worker pods that work."""

    executing_runs: Count = 0
    """Runs that execute on it."""

    waiting_runs: Count = 0
    """Runs of it that wait for a provider or a person, and need no worker until they go on."""

    backlog: Count = 0
    """Tasks that wait for one of its workers."""


class AutoscalingStatus(ApiModel):
    """What there is to do, and what the operator made of it."""

    desired_replicas: Count
    """Worker pods that all builds are to have together."""

    executing_runs: Count = 0
    """Runs that execute, or wait for a worker to begin."""

    waiting_runs: Count = 0
    """Runs that wait for a provider or a person, and need no worker until they go on."""

    backlog: Count = 0
    """Tasks that wait for a worker; as Temporal tells, up to 5 s late."""

    reason: Annotated[str, Field(min_length=1, max_length=64)]
    """Why so many, in one CamelCase word: a ScalingReason."""

    message: Annotated[str, Field(max_length=1024)] = ""
    """Why so many, in a sentence for people."""

    last_scale_time: Time | None = None
    """When the number last changed."""


class WorkerPoolStatus(Status):
    """What the operator observed."""

    build: Annotated[str, Field(max_length=64)] | None = None
    """The build that new runs go to."""

    contract: Annotated[int, Whole(ge=0)] | None = None
    """The contract that the workers of that build speak; absent means the first."""

    tools: Annotated[tuple[ToolDescription, ...], Field(max_length=TOOL_LIMIT), ListMap("name")] = ()
    """The tools of that build, as one of its workers told them."""

    replicas: PodCount | None = None
    """Worker pods that all builds have together."""

    ready_replicas: Count | None = None
    """Those of them that work."""

    selector: Annotated[str, Field(max_length=256)] | None = None
    """Label selector of the worker pods, for an HPA."""

    autoscaling: AutoscalingStatus | None = None
    """What there is to do, and what was made of it."""

    builds: Annotated[tuple[BuildStatus, ...], Field(max_length=BUILD_LIMIT), ListMap("name")] = ()
    """The builds, that which new runs go to first."""

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

    @property
    def is_asleep(self) -> bool:
        """Whether the build that new runs go to has no worker pods, and gets none before there is work."""
        if not self.spec.is_autoscaled:
            return self.spec.replicas == 0
        current = (build for build in self.status.builds if build.name == self.status.build)
        return any(build.replicas == 0 for build in current)

    rules: ClassVar = (
        Rule(
            cel="self.metadata.name.size() <= 40 && !self.metadata.name.contains('.')",
            message="metadata.name must be no more than 40 characters and without dots",
            holds=lambda pool: len(pool.metadata.name) <= 40 and "." not in pool.metadata.name,
        ),
    )
