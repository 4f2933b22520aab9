"""Pools whose number of workers follows the work."""

from pydantic import JsonValue

from agents_crds.v1alpha1 import WorkerPool
from tests.unit.operator.objects import DELETED, Manifest, pool


def scaled(replicas: int = 1, *, deleted: bool = False, **autoscaling: JsonValue) -> WorkerPool:
    """Describe a pool with autoscaling."""
    base = pool(replicas=replicas, deletionTimestamp=DELETED if deleted else None).manifest()
    spec = base["spec"]
    assert isinstance(spec, dict)
    return WorkerPool.model_validate({**base, "spec": {**spec, "autoscaling": autoscaling}})


def with_workers(of: WorkerPool, replicas: int, **metadata: JsonValue) -> WorkerPool:
    """Let a pool's build `b1` serve, with so many workers."""
    build: JsonValue = {"name": "b1", "phase": "Current", "replicas": replicas}
    status: Manifest = {"build": "b1", "contract": 2, "builds": [build]}
    base = of.manifest()
    before = base["metadata"]
    assert isinstance(before, dict)
    return WorkerPool.model_validate({**base, "metadata": {**before, **metadata}, "status": status})
