"""What workers need to reach Temporal must be there before a Deployment is applied."""

import logging
from datetime import timedelta

from temporalio.client import Client

from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.pools.reconcile import LAST_PROBE, PoolReconciler
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.temporal.builds import WorkerBuilds
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure
from tests.unit.operator.objects import NOW, pool

LOGGER = logging.getLogger("test")
TARGET = TemporalTarget("temporal:7233", "agents", api_key=SecretKeyRef(name="temporal", key="token"))
MISSING = failure('secrets "temporal" not found', {"name": "temporal"})


async def test_missing_secret_is_named_and_nothing_is_applied() -> None:
    world, stored = World(), pool()
    world.pools.see(stored)
    async with ScriptedServer() as server:
        settle = Settle(
            WORKER_POOLS, world.pools, server.api, Events(server.api, "o-1", LOGGER), now=lambda: NOW
        )
        reconciler = PoolReconciler(
            world,
            settle,
            server.api,
            WorkerBuilds(await Client.connect("127.0.0.1:1", lazy=True)),
            installation="inst",
            temporal=TARGET,
            interval=timedelta(minutes=10),
            now=lambda: NOW,
            logger=LOGGER,
        )
        server.will_answer(200, {"items": []})
        server.will_answer(404, MISSING)
        server.will_answer(200, pool(resourceVersion="2").manifest())
        server.will_answer(201, {})
        pause = await reconciler.reconcile(Key.of(stored))
        assert server.requests == ["GET deployments", "GET temporal", "PATCH status", "POST events"]
        written = str(server.asked[2].body)
    assert pause is not None
    assert pause <= LAST_PROBE * 1.2
    assert "SecretNotFound" in written
    assert "there is no Secret temporal with key token in namespace team" in written
