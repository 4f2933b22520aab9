"""What the spec of a pool says about the worker pods of one of its builds; pure."""

from dataclasses import dataclass
from datetime import timedelta

from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.workerpool import Autoscaling
from agents_operator.autoscaling.load import Phase


@dataclass(frozen=True)
class Fixed:
    """Somebody else decides."""

    replicas: int


@dataclass(frozen=True)
class Probed:
    """As many as it takes until the build is the one that new runs go to."""

    replicas: int


@dataclass(frozen=True)
class Scaled:
    """As many as there is work for."""

    fewest: int
    most: int
    most_by: str
    """The field that says so."""
    runs_per_worker: int
    backlog_per_worker: int
    scale_down_after: timedelta
    idle_timeout: timedelta


Rules = Fixed | Probed | Scaled


def rules_of(pool: WorkerPool, phase: Phase) -> Rules:
    """Say what decides about a build."""
    spec = pool.spec
    scaling = spec.autoscaling or Autoscaling()
    if not spec.is_autoscaled:
        if phase != "Draining" or spec.replicas == 0:
            return Fixed(spec.replicas)
        return _draining(scaling, spec.replicas, "replicas")
    match phase:
        case "Starting":
            return Probed(max(scaling.min_replicas, 1))
        case "Draining":
            return _draining(scaling, scaling.max_replicas, "maxReplicas")
        case "Current":
            return Scaled(
                # Of a pool that is being deleted new runs need no worker.
                fewest=0 if pool.metadata.deletion_timestamp else scaling.min_replicas,
                most=scaling.max_replicas,
                most_by="maxReplicas",
                runs_per_worker=scaling.runs_per_worker,
                backlog_per_worker=scaling.backlog_per_worker,
                scale_down_after=scaling.scale_down_after,
                idle_timeout=scaling.idle_timeout,
            )


def first_replicas(pool: WorkerPool) -> int:
    """Return with how many worker pods the present build begins."""
    match rules_of(pool, "Starting"):
        case Fixed(replicas) | Probed(replicas):
            return replicas
        case Scaled(fewest=fewest):
            return fewest


def _draining(scaling: Autoscaling, most: int, most_by: str) -> Scaled:
    """Say that a build finishes its runs: no new ones come for which to keep a worker."""
    return Scaled(
        fewest=0,
        most=most,
        most_by=most_by,
        runs_per_worker=scaling.runs_per_worker,
        backlog_per_worker=scaling.backlog_per_worker,
        scale_down_after=scaling.scale_down_after,
        idle_timeout=scaling.scale_down_after,
    )
