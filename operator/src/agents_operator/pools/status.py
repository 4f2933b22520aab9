"""The status of a WorkerPool."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from agents_crds.contract.tools import OfferedTool, ToolCatalogue
from agents_crds.v1alpha1 import (
    Condition,
    ConditionType,
    Reason,
    ToolDescription,
    WorkerPool,
    WorkerPoolStatus,
)
from agents_crds.v1alpha1.workerpool import TOOL_LIMIT
from agents_operator.engine.conditions import condition, find, with_conditions
from agents_operator.engine.invalid import describe
from agents_operator.engine.settle import AFTER_OUTAGE
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.temporal.errors import TemporalUnreachableError

# A pod starts within seconds, and on a node that is only just made within two minutes.
WAKES_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True)
class Offer:
    """What the workers of a build can do."""

    contract: int | None
    """None where an earlier operator did not note it."""
    tools: tuple[ToolDescription, ...]


def ready_status(pool: WorkerPool, build: str, offer: Offer, *, now: datetime) -> WorkerPoolStatus:
    """Say what new runs go to, and which tools it offers."""
    generation = pool.metadata.generation
    ready = condition(
        ConditionType.READY,
        "True",
        Reason.AVAILABLE,
        _offer(build, offer.tools),
        generation=generation,
        now=now,
    )
    return pool.status.model_copy(
        update={
            "observed_generation": generation,
            "build": build,
            "contract": offer.contract,
            "tools": offer.tools,
            "conditions": with_conditions(pool.status.conditions, ready, _rolled_out(pool, build, now)),
        }
    )


def blame(
    early: Waiting | Stalled,
    pool: WorkerPool,
    build: str,
    trusted: Iterable[WorkerDeployment],
    *,
    now: datetime,
) -> None:
    """Make the early end of a reconcile tell what it means for the pool.

    The pool stays Ready as long as the build of its status has workers by one of the `trusted` Deployments,
    those that no worker has failed to answer for; it is Progressing that suffers then. It also does while
    `build`, that of the spec, is not yet what new runs go to.
    """
    current, generation = pool.status.build, pool.metadata.generation
    serves = current is not None and any(
        each.build == current and (each.serves or wakes(pool, each, now=now)) for each in trusted
    )
    if current == build and not serves:
        early.condition, early.reached = ConditionType.READY, (_rolled_out(pool, build, now),)
        return
    progressing = _held_up(early, pool, now=now)
    early.condition, early.reached = ConditionType.PROGRESSING, (progressing,)
    if current is not None and serves:
        unused = "" if current == build else f"build {build} of the present spec is not in use: "
        ready = condition(
            ConditionType.READY,
            "True",
            Reason.AVAILABLE,
            f"{_offer(current, pool.status.tools)}; {unused}{early.reason}: {early.message}",
            # Of an earlier spec: who waits for this one to be Ready, or for its tools, waits on.
            generation=generation if current == build else generation - 1,
            now=now,
        )
        early.reached = (progressing, ready)


def unanswered(error: TemporalUnreachableError, pool: WorkerPool, *, now: datetime) -> Waiting:
    """Say that Temporal does not answer, as while it is busy: a pool that is Ready stays so.

    Its workers wait for the same server, and its Agents need not be looked at for that.
    """
    early = Waiting(Reason.TEMPORAL_UNREACHABLE, str(error), after=AFTER_OUTAGE, expected=True)
    ready = find(pool.status.conditions, ConditionType.READY)
    if ready is not None and ready.status == "True":
        early.condition = ConditionType.PROGRESSING
        early.reached = (_held_up(early, pool, now=now), ready)
    return early


def _held_up(early: Waiting | Stalled, pool: WorkerPool, *, now: datetime) -> Condition:
    """Say in Progressing why a reconcile ended early."""
    generation = pool.metadata.generation
    return condition(
        ConditionType.PROGRESSING, "True", early.reason, early.message, generation=generation, now=now
    )


def wakes(pool: WorkerPool, deployment: WorkerDeployment, *, now: datetime) -> bool:
    """Tell whether workers that the autoscaler lately asked for are about to start."""
    scaling, ready = pool.status.autoscaling, deployment.status.ready_replicas
    if ready or not deployment.spec.replicas or scaling is None or scaling.last_scale_time is None:
        return False
    return now - scaling.last_scale_time < WAKES_WITHIN


def _rolled_out(pool: WorkerPool, build: str, now: datetime) -> Condition:
    return condition(
        ConditionType.PROGRESSING,
        "False",
        Reason.ROLLOUT_COMPLETE,
        f"new runs go to build {build} of the present spec",
        generation=pool.metadata.generation,
        now=now,
    )


def _offer(build: str, tools: tuple[ToolDescription, ...]) -> str:
    return f"build {build} offers {len(tools)} tool{'' if len(tools) == 1 else 's'}"


def described_offer(catalogue: ToolCatalogue) -> Offer:
    """Describe what a worker offers as the status holds it; raise Stalled when it does not fit."""
    if len(catalogue.tools) > TOOL_LIMIT:
        raise Stalled(
            Reason.TOOL_INVALID,
            f"the worker offers {len(catalogue.tools)} tools and a pool has room for {TOOL_LIMIT}: "
            "spread them over several pools",
        )
    return Offer(catalogue.contract, tuple(_described(tool) for tool in catalogue.tools))


def _described(tool: OfferedTool) -> ToolDescription:
    try:
        return ToolDescription(
            name=tool.name,
            description=tool.description,
            parameters=tool.parameters,
            idempotent=tool.idempotent,
            timeout=tool.timeout,
            polling=tool.polling,
        )
    except ValidationError as error:
        raise Stalled(Reason.TOOL_INVALID, f"tool {tool.name!r} of the worker: {describe(error)}") from error
