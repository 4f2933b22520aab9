"""Numbers that the API server refuses are told once."""

from datetime import timedelta

from pydantic import JsonValue

from agents_crds.v1alpha1 import WorkerPool
from agents_operator.autoscaling.announced import Announcements
from agents_operator.autoscaling.reconcile import AFTER_REFUSAL, Autoscaler
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.temporal.load import OpenRuns
from tests.unit.operator.autoscaling.pools import scaled, with_workers
from tests.unit.operator.autoscaling.scaling import INTERVAL, LOGGER, told_servers
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tests.unit.operator.objects import NOW

POOL = with_workers(scaled(), 1)
DENIED = failure("admission webhook denied the request: too many pods")
DEPLOYMENTS: JsonValue = {
    "items": [
        {
            "metadata": {
                "name": "default-b1",
                "uid": "d-1",
                "labels": {"durable-agents.dev/build": "b1"},
                "ownerReferences": [{"uid": POOL.metadata.uid}],
            },
            "spec": {"replicas": 1},
        }
    ]
}


async def scaler(server: ScriptedServer, *pools: WorkerPool) -> Autoscaler:
    """An operator that knows these pools, with 120 executing runs."""
    world = World()
    for pool in pools:
        world.pools.see(pool)
    told, servers = await told_servers(world)
    told.every = OpenRuns(120)
    events = Events(server.api, "o-1", LOGGER)
    return Autoscaler(
        world,
        Settle(WORKER_POOLS, world.pools, server.api, events, now=lambda: NOW),
        server.api,
        servers,
        Announcements(world, cancel_grace=timedelta(), now=lambda: NOW),
        events=events,
        installation="inst",
        interval=INTERVAL,
        now=lambda: NOW,
        logger=LOGGER,
    )


async def test_refused_number_is_told_once_and_tried_again_later() -> None:
    async with ScriptedServer() as server:
        autoscaler = await scaler(server, POOL)
        stored = with_workers(scaled(), 3, resourceVersion="2").manifest()
        server.will_answer(200, DEPLOYMENTS)
        server.will_answer(403, DENIED)
        server.will_answer(201, {})
        server.will_answer(200, stored)
        assert await autoscaler.reconcile(Key.of(POOL)) == AFTER_REFUSAL
        assert server.requests == ["GET deployments", "PATCH default-b1", "POST events", "PATCH status"]
        posted = server.asked[2].body
        assert isinstance(posted, dict)
        assert (posted["type"], posted["reason"]) == ("Warning", "DeploymentRefused")
        assert posted["note"] == (
            "the API server refuses Deployment default-b1 3 pods: admission webhook denied the request: too "
            "many pods"
        )
        server.will_answer(200, DEPLOYMENTS)
        server.will_answer(403, DENIED)
        server.will_answer(200, stored)
        assert await autoscaler.reconcile(Key.of(POOL)) == AFTER_REFUSAL
        assert server.requests.count("POST events") == 1


async def test_deployments_that_may_not_be_listed_are_the_pool_s_own_reconcile_s_to_tell() -> None:
    async with ScriptedServer() as server:
        autoscaler = await scaler(server, POOL)
        server.will_answer(403, failure("it is forbidden"))
        assert await autoscaler.reconcile(Key.of(POOL)) == AFTER_REFUSAL
        assert server.requests == ["GET deployments"]


async def test_deployment_that_is_gone_meanwhile_is_looked_for_again_soon() -> None:
    async with ScriptedServer() as server:
        autoscaler = await scaler(server, POOL)
        server.will_answer(200, DEPLOYMENTS)
        server.will_answer(409, failure("it has another uid"))
        pause = await autoscaler.reconcile(Key.of(POOL))
        assert pause is not None
        assert pause < timedelta(seconds=1)
