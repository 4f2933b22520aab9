"""Brings a WorkerPool's Deployments to its spec, and new runs to the build that can do for them."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import WorkerPool
from agents_operator.engine.queue import jittered
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.pools.deletion import EndRun, PoolDeletion
from agents_operator.pools.deployment import build_of
from agents_operator.pools.observe import PoolReads
from agents_operator.pools.offer import Offers
from agents_operator.pools.rollout import Hold, Serve, plan_rollout, users_of
from agents_operator.pools.status import blame, ready_status, unanswered
from agents_operator.pools.telemetry import WorkerTelemetry
from agents_operator.pools.workers import Workers
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.servers import TemporalServers

DRAIN_AGAIN = timedelta(seconds=30)


class PoolReconciler:
    """Reconciles WorkerPools."""

    def __init__(
        self,
        world: World,
        settle: Settle[WorkerPool],
        api: KubernetesApi,
        servers: TemporalServers,
        end_run: EndRun,
        *,
        installation: str,
        interval: timedelta,
        deletion_timeout: timedelta,
        telemetry: WorkerTelemetry,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world, self._settle, self._servers = world, settle, servers
        self._reads = PoolReads(world, api, installation, telemetry)
        self._workers = Workers(api, logger)
        self._offers = Offers(api, interval=interval, now=now)
        self._deletion = PoolDeletion(
            world,
            api,
            servers,
            self._reads,
            self._workers,
            end_run=end_run,
            installation=installation,
            timeout=deletion_timeout,
            now=now,
        )
        self._interval = interval
        self._now = now
        self._logger = logger

    async def reconcile(self, key: Key) -> timedelta | None:
        """Bring one pool to its spec; return when to look again."""
        return await self._settle.run(key, self._sync)

    async def _sync(self, pool: WorkerPool) -> timedelta | None:
        if pool.metadata.deletion_timestamp is not None:
            await self._deletion.sync(pool)
            return None
        try:
            return await self._bring_about(pool)
        except TemporalUnreachableError as error:
            raise unanswered(error, pool, now=self._now()) from error

    async def _bring_about(self, pool: WorkerPool) -> timedelta | None:
        deployments: tuple[WorkerDeployment, ...] = ()
        try:
            pool = await self._deletion.hold(pool)
            server = self._servers.of_pool(pool)
            deployments = await self._reads.deployments(pool)
            self._deletion.remember(pool, deployments)
            seen = await self._reads.observe(pool, deployments, server)
            refused = await self._workers.apply(seen)
        except (Waiting, Stalled) as early:
            self._blame(early, pool, deployments)
            raise
        offer = await self._offers.observe(seen, server.builds)
        match plan_rollout(seen, offer, users_of(pool, self._world)):
            case Hold(because):
                # It is the workers of the present spec that do not do: only others can be trusted.
                self._blame(because, pool, seen.older)
                raise because
            case Serve(offer, takes_over):
                if takes_over:
                    await server.builds.make_current(seen.version)
                    self._logger.info("workerpool %s: new runs go to build %s", Key.of(pool), seen.build)
        if refused is not None and pool.status.build == seen.build:
            self._blame(refused, pool, deployments)
            raise refused
        latest = self._latest(pool)
        await self._settle.write(latest, ready_status(latest, seen.build, offer, now=self._now()))
        return DRAIN_AGAIN if seen.older or seen.wakes(self._now()) else jittered(self._interval)

    def _blame(self, early: Waiting | Stalled, pool: WorkerPool, trusted: Iterable[WorkerDeployment]) -> None:
        blame(early, pool, build_of(pool), trusted, now=self._now())

    def _latest(self, pool: WorkerPool) -> WorkerPool:
        """Return the pool with what others wrote into its status meanwhile, unless its spec is another."""
        latest = self._world.pools.get(Key.of(pool)) or pool
        return latest if latest.metadata.generation == pool.metadata.generation else pool
