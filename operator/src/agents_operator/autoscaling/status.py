"""What a pool's status says of its builds and of how many workers they have; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import WorkerPool, WorkerPoolStatus
from agents_crds.v1alpha1.fields import utc
from agents_crds.v1alpha1.workerpool import BUILD_LIMIT, AutoscalingStatus, BuildStatus
from agents_operator.autoscaling.load import Load, Phase, Unknown
from agents_operator.autoscaling.plan import Decision
from agents_operator.engine.conditions import cut
from agents_operator.kubernetes.deployments import POOL_LABEL, WorkerDeployment

NUMBERS_AGAIN = timedelta(seconds=15)
"""How old the numbers of a status may be: each write costs the API server and all that watch."""

_ORDER: tuple[Phase, ...] = ("Current", "Starting", "Draining")


@dataclass(frozen=True)
class PlannedBuild:
    """A build, what there is to do for it, and how many workers it is to have."""

    deployment: WorkerDeployment
    phase: Phase
    load: Load | Unknown
    decision: Decision

    @property
    def is_scaled(self) -> bool:
        """Whether the number is another one than before."""
        return self.decision.replicas != self.deployment.spec.replicas


def scaled_status(pool: WorkerPool, builds: Iterable[PlannedBuild], *, now: datetime) -> WorkerPoolStatus:
    """Say what there is to do and what was decided; all else stays as it is."""
    ordered = sorted(builds, key=lambda each: _ORDER.index(each.phase))
    known = {each.name: each for each in pool.status.builds}
    told = tuple(_build(each, known.get(each.deployment.build)) for each in ordered)
    before = pool.status.autoscaling
    scaled = {each.name: each.replicas for each in told} != {
        each.name: each.replicas for each in pool.status.builds
    }
    update: dict[str, object] = {
        "replicas": sum(each.deployment.status.replicas for each in ordered),
        "ready_replicas": sum(each.ready_replicas for each in told),
        "selector": f"{POOL_LABEL}={pool.metadata.name}",
        "builds": told[:BUILD_LIMIT],
        "autoscaling": None,
    }
    if ordered:
        leading = ordered[0].decision
        update["autoscaling"] = AutoscalingStatus(
            desired_replicas=sum(each.replicas for each in told),
            executing_runs=sum(each.executing_runs for each in told),
            waiting_runs=sum(each.waiting_runs for each in told),
            backlog=sum(each.backlog for each in told),
            reason=leading.reason.value,
            message=cut(leading.message + _besides(told[1:]) + _unused(pool)),
            last_scale_time=utc(now) if scaled or before is None else before.last_scale_time,
        )
    return pool.status.model_copy(update=update)


def is_worth_writing(known: WorkerPoolStatus, fresh: WorkerPoolStatus, *, since: timedelta | None) -> bool:
    """Tell whether a status is to be written `since` the last one was; None where that is not known."""
    if _decided(known) != _decided(fresh):
        return True
    return known != fresh and (since is None or since >= NUMBERS_AGAIN)


def _decided(status: WorkerPoolStatus) -> object:
    scaling = status.autoscaling
    return (
        scaling and (scaling.desired_replicas, scaling.reason, scaling.last_scale_time),
        tuple((build.name, build.phase, build.replicas, build.ready_replicas) for build in status.builds),
        status.replicas,
        status.selector,
    )


def _build(planned: PlannedBuild, known: BuildStatus | None) -> BuildStatus:
    """While Temporal does not tell how much there is to do, what it told last stays."""
    deployment, load = planned.deployment, planned.load
    told = known or BuildStatus(name=deployment.build, phase=planned.phase)
    return BuildStatus(
        name=deployment.build,
        phase=planned.phase,
        replicas=planned.decision.replicas,
        ready_replicas=deployment.status.ready_replicas,
        executing_runs=told.executing_runs if isinstance(load, Unknown) else load.executing,
        waiting_runs=told.waiting_runs if isinstance(load, Unknown) else load.waiting,
        backlog=told.backlog if isinstance(load, Unknown) else load.backlog,
    )


def _besides(others: tuple[BuildStatus, ...]) -> str:
    """Say whose the worker pods are that the message of the leading build does not speak of."""
    ending = sum(each.replicas for each in others if each.phase == "Draining")
    starting = sum(each.replicas for each in others if each.phase == "Starting")
    return (f"; {ending} more for runs of earlier builds" if ending else "") + (
        f"; {starting} more for the next build to tell its tools" if starting else ""
    )


def _unused(pool: WorkerPool) -> str:
    """Say that a number that somebody has set, as `kubectl scale` does, does nothing here."""
    if not pool.spec.is_autoscaled or pool.spec.replicas == type(pool.spec).model_fields["replicas"].default:
        return ""
    return f"; spec.replicas ({pool.spec.replicas}) counts only with autoscaling.mode External or Off"
