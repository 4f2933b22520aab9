"""A pool of a real API server that is scaled look by look, and a Temporal that says what a test says."""

import logging
from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, JsonValue
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion

from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.workerpool import AutoscalingStatus
from agents_operator.autoscaling.announced import Announcements
from agents_operator.autoscaling.reconcile import Autoscaler
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.api import MERGE_PATCH, KubernetesApi
from agents_operator.kubernetes.deployments import Deployments, WorkerDeployment
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.pools.deployment import Surroundings, deployment_name, worker_deployment_manifest
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.temporal.load import OpenRuns, WorkLoads
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from tests.unit.operator.bench import Bench
from tests.unit.operator.objects import NOW

AROUND = Surroundings("inst", TemporalTarget("temporal:7233", "agents"), ())
INTERVAL = timedelta(seconds=5)
LOGGER = logging.getLogger("test")


class Told(WorkLoads):
    """What there is to do, as a test says."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, state_attribute=True)
        self.every = OpenRuns()
        self.pinned: dict[str, OpenRuns] = {}
        self.backlogs: dict[str, int] = {}
        self.failure: Exception | None = None

    async def runs(self, queue: str, version: WorkerDeploymentVersion | None = None) -> OpenRuns:
        assert queue.endswith("/pools/default")
        if self.failure is not None:
            raise self.failure
        return self.every if version is None else self.pinned.get(version.build_id, OpenRuns())

    async def backlog(self, version: WorkerDeploymentVersion, queue: str) -> int:
        assert queue.endswith("/pools/default")
        return self.backlogs.get(version.build_id, 0)


async def told_servers(world: World) -> tuple[Told, TemporalServers]:
    """A Temporal that nobody asks over the network."""
    client = await Client.connect("127.0.0.1:1", lazy=True)
    server = TemporalServer.of(client, "inst", AROUND.temporal, retention=None, state_attribute=True)
    told = Told(client)
    return told, TemporalServers(replace(server, loads=told), world.temporal_connections)


class _Event(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    reason: str
    note: str


class _Events(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    items: tuple[_Event, ...]


class Scaling:
    """The pool of a bench, whose build `b1` new runs go to."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.api: KubernetesApi = bench.api
        self.now = NOW
        self.told: Told

    async def begin(self) -> None:
        """Start an operator that has seen nothing yet."""
        world = World()
        world.pools.see(await self.pool())
        self.told, servers = await told_servers(world)
        self.world = world
        self._autoscaler = Autoscaler(
            world,
            Settle(WORKER_POOLS, world.pools, self.api, self._events(), now=lambda: self.now),
            self.api,
            servers,
            Announcements(world, cancel_grace=timedelta(minutes=1), now=lambda: self.now),
            events=self._events(),
            installation="inst",
            interval=INTERVAL,
            now=lambda: self.now,
            logger=LOGGER,
        )

    async def look(self, *, after: float = 0) -> timedelta | None:
        """Look at the pool, so many seconds later."""
        self.now += timedelta(seconds=after)
        pool = await self.pool()
        self.world.pools.see(pool)
        return await self._autoscaler.reconcile(Key.of(pool))

    async def look_when_gone(self) -> timedelta | None:
        """Look at the pool when the watch has said that it is gone."""
        key = Key.of(await self.pool())
        self.world.pools.forget(key)
        return await self._autoscaler.reconcile(key)

    async def edit(self, **spec: JsonValue) -> None:
        """Change the pool's spec."""
        await self.bench.merge(WORKER_POOLS, "default", {"spec": spec})

    async def make(self, build: str, *, replicas: int) -> None:
        """Make the Deployment of a build."""
        pool = await self.pool()
        manifest = worker_deployment_manifest(pool, build, AROUND, replicas=replicas)
        await Deployments(self.api).apply(self.bench.namespace, deployment_name(pool, build), manifest)

    async def serve(self, build: str) -> None:
        """Let new runs go to a build."""
        path = f"{WORKER_POOLS.path(self.bench.namespace, 'default')}/status"
        await self.api.request("PATCH", path, body={"status": {"build": build}}, content_type=MERGE_PATCH)

    async def work(self, build: str, *, pods: int) -> None:
        """Let that many pods of a build work."""
        await self.patch_deployment(build, {"status": {"replicas": pods, "readyReplicas": pods}}, "/status")

    async def patch_deployment(self, build: str, change: JsonValue, subresource: str = "") -> None:
        path = f"apis/apps/v1/namespaces/{self.bench.namespace}/deployments/default-{build}{subresource}"
        await self.api.request("PATCH", path, body=change, content_type=MERGE_PATCH)

    async def pool(self) -> WorkerPool:
        return await self.bench.stored(WORKER_POOLS, "default")

    async def scaling(self) -> AutoscalingStatus:
        """Return what the pool's status says of it."""
        scaling = (await self.pool()).status.autoscaling
        assert scaling is not None
        return scaling

    async def deployments(self) -> dict[str, WorkerDeployment]:
        found = await Deployments(self.api).of_pool(
            self.bench.namespace, "default", (await self.pool()).metadata.uid
        )
        return {each.build: each for each in found}

    async def replicas(self) -> dict[str, int]:
        """Return how many pods each build is to have."""
        return {build: each.spec.replicas for build, each in (await self.deployments()).items()}

    async def events(self) -> list[tuple[str, str]]:
        """Return reasons and notes of the events in the namespace."""
        path = f"apis/events.k8s.io/v1/namespaces/{self.bench.namespace}/events"
        found = _Events.model_validate_json(await self.api.request("GET", path)).items
        return [(event.reason, event.note) for event in found]

    def _events(self) -> Events:
        return Events(self.api, "tests", LOGGER)
