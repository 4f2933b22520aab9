"""Who owns the number of a Deployment's pods, and that no pod is lost when that changes."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest

from agents_crds.v1alpha1 import WorkerPool
from agents_operator.kubernetes.deployments import FIELD_MANAGER, SCALING_MANAGER, Deployments
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.pools.deployment import build_of, deployment_name, worker_deployment_manifest
from agents_operator.pools.workers import Workers
from agents_operator.temporal.load import OpenRuns
from tests.unit.operator.autoscaling.scaling import AROUND, Scaling
from tests.unit.operator.bench import Bench


class Watched:
    """The numbers of pods that the Deployments of a namespace were ever to have."""

    def __init__(self, session: aiohttp.ClientSession, namespace: str) -> None:
        self._numbers = asyncio.Queue[int]()
        self._session = session
        self._path = f"apis/apps/v1/namespaces/{namespace}/deployments"
        self._began = asyncio.Event()

    async def watch(self) -> None:
        """Note every change, as a Deployment controller hears of it, until cancelled."""
        query = {"watch": "true", "resourceVersion": "0", "timeoutSeconds": "60"}
        async with self._session.get(self._path, params=query) as response:
            self._began.set()
            async for line in response.content:
                self._numbers.put_nowait(json.loads(line)["object"]["spec"]["replicas"])

    async def heard(self, changes: int) -> list[int]:
        """Return the numbers of the first so many changes."""
        async with asyncio.timeout(10):
            return [await self._numbers.get() for _ in range(changes)]

    async def begun(self) -> None:
        await self._began.wait()


@pytest.fixture
async def watched(session: aiohttp.ClientSession, bench: Bench) -> AsyncIterator[Watched]:
    watched = Watched(session, bench.namespace)
    task = asyncio.create_task(watched.watch())
    await watched.begun()
    yield watched
    task.cancel()


async def owners(scaling: Scaling, build: str) -> list[str]:
    """Name those that own the number of a build's pods."""
    fields = (await scaling.deployments())[build].metadata.managed_fields
    return [each.manager for each in fields if each.has_replicas]


async def make_in_step(scaling: Scaling, pool: WorkerPool) -> None:
    """Do what each reconcile of the pool does with the Deployment of its present build."""
    own = (await scaling.deployments()).get(build_of(pool))
    await Workers(scaling.api, logging.getLogger("test")).make(pool, AROUND, own)


async def test_upgrade_takes_the_number_over_without_losing_a_pod(bench: Bench, watched: Watched) -> None:
    """An earlier operator wrote the number along with all the rest."""
    scaling = Scaling(bench)
    await scaling.edit(replicas=3)
    pool = await bench.stored(WORKER_POOLS, "default")
    build = build_of(pool)
    earlier = worker_deployment_manifest(pool, build, AROUND, replicas=3)
    await Deployments(bench.api).apply(bench.namespace, deployment_name(pool, build), earlier)
    assert await owners(scaling, build) == [FIELD_MANAGER]
    await make_in_step(scaling, pool)
    assert await owners(scaling, build) == [SCALING_MANAGER]
    await make_in_step(scaling, pool)
    await scaling.work(build, pods=3)
    # Of each write but the second in step, which changes nothing.
    assert await watched.heard(4) == [3, 3, 3, 3]


async def test_deployment_begins_with_what_the_pool_asks_for_and_keeps_what_it_was_scaled_to(
    bench: Bench, watched: Watched
) -> None:
    scaling = Scaling(bench)
    await scaling.edit(autoscaling={"minReplicas": 2})
    pool = await bench.stored(WORKER_POOLS, "default")
    build = build_of(pool)
    await make_in_step(scaling, pool)
    await scaling.serve(build)
    await scaling.begin()
    scaling.told.every = OpenRuns(250)
    await scaling.look()
    await make_in_step(scaling, await scaling.pool())
    assert await scaling.replicas() == {build: 5}
    assert await owners(scaling, build) == [SCALING_MANAGER]
    await scaling.work(build, pods=5)
    assert await watched.heard(3) == [2, 5, 5]
