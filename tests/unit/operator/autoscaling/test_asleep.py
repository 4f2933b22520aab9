"""A pool that sleeps is left alone, and one that wakes is waited for."""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import MCPServer, WorkerPool
from agents_operator.engine.offers import pool_access
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.mcpservers.plan import Ask, Keep, plan_server
from agents_operator.pools.status import wakes
from agents_operator.temporal.mcp import PoolBuild
from tests.unit.operator.autoscaling.pools import scaled, with_workers
from tests.unit.operator.objects import NOW, Manifest, condition, mcp_server, pool

ASLEEP, AWAKE = with_workers(scaled(), 0), with_workers(scaled(), 1)


@pytest.mark.parametrize(
    ("of", "asleep"),
    [
        pytest.param(ASLEEP, True, id="no worker"),
        pytest.param(AWAKE, False, id="a worker"),
        pytest.param(scaled(), False, id="a first build that is to tell its tools"),
        pytest.param(with_workers(scaled(0), 1), False, id="spec.replicas does not count"),
        pytest.param(with_workers(scaled(0, mode="External"), 1), True, id="an HPA wants none"),
        pytest.param(with_workers(pool(replicas=0), 1), True, id="a person wants none"),
        pytest.param(with_workers(pool(replicas=1), 0), False, id="a person wants one"),
    ],
)
def test_pool_sleeps_when_the_build_of_new_runs_is_to_have_no_worker(of: WorkerPool, *, asleep: bool) -> None:
    assert of.is_asleep is asleep


def listed(ready: str = "True", *, generation: int = 1) -> MCPServer:
    """A server that was listed three days ago, when its spec was of that generation."""
    told: Manifest = {**condition("Ready", ready, "Available"), "observedGeneration": generation}
    return mcp_server(status={"refreshTime": "2026-02-26T12:00:00Z", "conditions": [told]}, generation=1)


@pytest.mark.parametrize(
    ("server", "asked"),
    [
        pytest.param(listed(), False, id="listed"),
        pytest.param(listed("False"), False, id="failed since"),
        pytest.param(listed(generation=0), True, id="changed since"),
        pytest.param(mcp_server(), True, id="never listed"),
    ],
)
def test_sleeping_pool_is_woken_for_a_server_only_when_that_is_new(server: MCPServer, *, asked: bool) -> None:
    planned = plan_server(server, ASLEEP, retry_interval=timedelta(seconds=10), now=NOW)
    assert planned == (Ask(PoolBuild("team", "default", "b1")) if asked else Keep(timedelta(minutes=5)))


def test_servers_hear_when_their_pool_wakes() -> None:
    assert pool_access(ASLEEP) != pool_access(AWAKE)
    assert pool_access(AWAKE) == pool_access(with_workers(scaled(), 2))


def deployment(replicas: int, ready: int) -> WorkerDeployment:
    return WorkerDeployment.model_validate(
        {"metadata": {"name": "d"}, "spec": {"replicas": replicas}, "status": {"readyReplicas": ready}}
    )


def scaled_since(seconds: float) -> WorkerPool:
    """A pool whose number changed that many seconds ago."""
    changed = (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    scaling: JsonValue = {"desiredReplicas": 1, "reason": "Executing", "lastScaleTime": changed}
    return pool(status={"build": "b1", "autoscaling": scaling})


@pytest.mark.parametrize(
    ("of", "found", "waking"),
    [
        pytest.param(scaled_since(5), deployment(1, 0), True, id="asked for just now"),
        pytest.param(scaled_since(119), deployment(1, 0), True, id="on a node that is being made"),
        pytest.param(scaled_since(120), deployment(1, 0), False, id="too long ago"),
        pytest.param(scaled_since(5), deployment(3, 1), False, id="one works already"),
        pytest.param(scaled_since(5), deployment(0, 0), False, id="none is wanted"),
        pytest.param(pool(), deployment(1, 0), False, id="never scaled"),
    ],
)
def test_workers_that_were_asked_for_have_time_to_start(
    of: WorkerPool, found: WorkerDeployment, *, waking: bool
) -> None:
    assert wakes(of, found, now=NOW) is waking
