"""The end of a WorkerPool: its workers stay until the runs that need them have ended."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from agents_crds.contract.names import RunIdentity
from agents_crds.v1alpha1 import Reason, WorkerPool
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.kubernetes.namespaces import Namespaces
from agents_operator.kubernetes.resources import AGENT_RUNS, UNFINISHED, WORKER_POOLS
from agents_operator.pools.departing import (
    EndRuns,
    LetGo,
    Needed,
    Stay,
    Unknown,
    plan_deletion,
    runs_needing,
)
from agents_operator.pools.deployment import build_of
from agents_operator.pools.observe import PoolReads
from agents_operator.pools.refusable import GRANT, refusable
from agents_operator.pools.workers import Workers
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.messages import Verdict
from agents_operator.temporal.queues import QueueWorkflows
from agents_operator.temporal.servers import TemporalServer, TemporalServers

FINALIZER = "durable-agents.dev/workers"
LOOK_AGAIN = timedelta(seconds=5)
# A reconcile has two minutes, and the end of a run takes some 50 ms.
ENDED_AT_ONCE = 200

EndRun = Callable[[TemporalServer, RunIdentity, Verdict], Awaitable[None]]
"""Ends a run, and records what it had come to."""


class PoolDeletion:
    """Finishes the deletion of WorkerPools."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        servers: TemporalServers,
        reads: PoolReads,
        workers: Workers,
        *,
        end_run: EndRun,
        installation: str,
        timeout: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        """What needs the workers has `timeout` from the request to delete the pool."""
        self._world, self._api, self._servers = world, api, servers
        self._namespaces = Namespaces(api)
        self._reads, self._workers, self._end_run = reads, workers, end_run
        self._installation = installation
        self._timeout = timeout
        self._now = now
        self._since: dict[str, datetime] = {}
        """When a pool that is being deleted was looked at first, by its uid."""
        self._builds: dict[str, dict[str, WorkerDeployment]] = {}
        """The Deployments of a pool as last seen, by its uid and their builds."""

    def remember(self, pool: WorkerPool, deployments: tuple[WorkerDeployment, ...]) -> None:
        """Note the Deployments of a pool, which may go before it does."""
        self._builds[pool.metadata.uid] = {each.build: each for each in deployments}

    async def hold(self, pool: WorkerPool) -> WorkerPool:
        """Set the finalizer, so that no workers go of which a run is left."""
        if FINALIZER in pool.metadata.finalizers:
            return pool
        finalizers = (*pool.metadata.finalizers, FINALIZER)
        with refusable(f"the operator a finalizer on WorkerPool {pool.metadata.name}{GRANT}"):
            held = await self._api.write_finalizers(WORKER_POOLS, pool, finalizers)
        self._world.pools.see(held)
        return held

    async def sync(self, pool: WorkerPool) -> None:
        """Let the pool go as soon as nothing needs its workers; raise Waiting until then."""
        if FINALIZER not in pool.metadata.finalizers:
            return
        needed = await self._observe(pool)
        match plan_deletion(
            pool,
            needed,
            self._names(needed),
            since=self._since.setdefault(pool.metadata.uid, self._now()),
            until=(pool.metadata.deletion_timestamp or self._now()) + self._timeout,
            now=self._now(),
            namespace_goes=await self._namespaces.is_going(pool.metadata.namespace),
        ):
            case Stay(message):
                if isinstance(needed, Unknown) or not needed.is_nothing:
                    await self._keep_workers(pool)
                raise Waiting(Reason.DELETING, message, after=LOOK_AGAIN, expected=True)
            case EndRuns(verdict):
                await self._end(pool, needed, verdict)
            case LetGo():
                pass
        remaining = tuple(name for name in pool.metadata.finalizers if name != FINALIZER)
        # What is stored then is not remembered: the watch may have said already that the pool is gone.
        await self._api.write_finalizers(WORKER_POOLS, pool, remaining)
        self._forget(pool)

    def _forget(self, pool: WorkerPool) -> None:
        """Forget a pool that was let go, and those that went otherwise."""
        for known in (self._since, self._builds):
            for uid in [*known]:
                if uid == pool.metadata.uid or self._world.pools.by_uid(uid) is None:
                    known.pop(uid)

    async def _observe(self, pool: WorkerPool) -> Needed | Unknown:
        namespace, name = pool.metadata.namespace, pool.metadata.name
        try:
            server = self._servers.of_pool(pool)
            here = await QueueWorkflows(server.client).open_on(self._installation, namespace, name)
        except TemporalUnreachableError as error:
            return Unknown(str(error), for_good=False)
        except Waiting as early:
            # One that is not Ready may be so again, and is not while the operator has just started.
            return Unknown(early.message, for_good=early.reason is Reason.TEMPORAL_CONNECTION_NOT_FOUND)
        if here.is_empty and not runs_needing(pool, self._world):
            # The watch of an operator that has just started may not have brought them yet.
            await self._see_runs(namespace)
        return Needed(here, runs_needing(pool, self._world))

    async def _see_runs(self, namespace: str) -> None:
        async for page in self._api.pages(AGENT_RUNS, namespace=namespace, field_selector=UNFINISHED):
            for run in page:
                self._world.runs.see(run)

    def _names(self, needed: Needed | Unknown) -> tuple[str, ...]:
        """Name the runs, by their uids where they are not known."""
        if isinstance(needed, Unknown):
            return ()
        names = {run.metadata.uid: run.metadata.name for run in needed.runs}
        for identity in needed.here.runs:
            run = self._world.runs.by_uid(identity.uid)
            names[identity.uid] = identity.uid if run is None else run.metadata.name
        return tuple(sorted(names.values()))

    async def _keep_workers(self, pool: WorkerPool) -> None:
        """Make Deployments again that somebody has deleted, as `kubectl delete --cascade=foreground` does.

        What was never seen can only be made for the build of the present spec.
        """
        present, known = build_of(pool), self._builds.setdefault(pool.metadata.uid, {})
        there = {each.build: each for each in await self._reads.deployments(pool)}
        known.update(there)
        wanted = {*known, present} if pool.status.build == present else {*known} - {present}
        for build in sorted(wanted - {*there}):
            around = self._reads.around(pool, self._servers.of_pool(pool))
            if build in known:
                await self._workers.remake(pool, around, known[build])
            else:
                await self._workers.make(pool, around, None)

    async def _end(self, pool: WorkerPool, needed: Needed | Unknown, verdict: Verdict) -> None:
        """End runs and loops; users' own workflows stay, and have no workers any more."""
        if isinstance(needed, Unknown):
            return
        here = self._servers.of_pool(pool)
        ends = {identity.uid: (here, identity) for identity in needed.here.runs}
        for run in needed.runs:
            identity = RunIdentity(self._installation, run.metadata.namespace, run.metadata.uid)
            # What cannot be reached for good cannot be ended either.
            with suppress(Waiting):
                ends.setdefault(run.metadata.uid, (self._servers.of_run(run), identity))
        for server, identity in list(ends.values())[:ENDED_AT_ONCE]:
            await self._end_run(server, identity, verdict)
        for workflow_id in needed.here.loops:
            await QueueWorkflows(here.client).terminate(workflow_id, verdict)
        if len(ends) > ENDED_AT_ONCE:
            left = len(ends) - ENDED_AT_ONCE
            raise Waiting(Reason.DELETING, f"{left} runs are being ended", after=timedelta(), expected=True)
