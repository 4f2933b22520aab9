"""Gives each build of a WorkerPool the worker pods that its work needs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError

from agents_crds.contract.names import pool_queue, worker_deployment
from agents_crds.v1alpha1 import EventReason, Reason, ScalingReason, WorkerPool
from agents_operator.autoscaling.announced import Announcements, has_no_worker
from agents_operator.autoscaling.load import Load, Unknown, loads, phase_of
from agents_operator.autoscaling.plan import Memory, plan_replicas
from agents_operator.autoscaling.rules import rules_of
from agents_operator.autoscaling.status import PlannedBuild, is_worth_writing, scaled_status
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import Deployments, WorkerDeployment
from agents_operator.kubernetes.errors import ConflictError, ForbiddenError, GoneError, RejectedError
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.pools.departing import runs_needing
from agents_operator.pools.deployment import build_of
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.load import OpenRuns, WorkLoads
from agents_operator.temporal.servers import TemporalServers

AFTER_CONFLICT = timedelta(seconds=0.2)
AFTER_REFUSAL = timedelta(seconds=30)
SLOWER = 3
"""A pool without work is looked at that much less often: a run that starts wakes it at once."""


@dataclass(frozen=True)
class _Seen:
    """What is remembered of a pool from look to look."""

    builds: dict[str, Memory]
    written: datetime | None = None
    """When its status was written last."""
    refused: str = ""
    """What the API server said last when a number was refused."""


class Autoscaler:
    """Reconciles the numbers of worker pods."""

    def __init__(
        self,
        world: World,
        settle: Settle[WorkerPool],
        api: KubernetesApi,
        servers: TemporalServers,
        announcements: Announcements,
        *,
        events: Events,
        installation: str,
        interval: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._settle = settle
        self._deployments = Deployments(api)
        self._events = events
        self._servers = servers
        self._announcements = announcements
        self._installation = installation
        self._interval = interval
        self._now = now
        self._logger = logger
        self._seen: dict[str, _Seen] = {}

    async def reconcile(self, key: Key) -> timedelta | None:
        """Give the builds of one pool what they need; return when to look again."""
        pool = self._world.pools.get(key)
        if pool is None:
            self._seen.pop(key.uid, None)
            return None
        metadata = pool.metadata
        try:
            deployments = await self._deployments.of_pool(metadata.namespace, metadata.name, metadata.uid)
        except ForbiddenError:
            # The reconcile of the pool itself says so.
            return AFTER_REFUSAL
        builds = self._plan(pool, deployments, await self._observe(pool, deployments))
        try:
            refused = await self._apply(pool, builds)
            await self._tell(key, builds)
        except (ConflictError, GoneError):
            return AFTER_CONFLICT
        if refused:
            return AFTER_REFUSAL
        return self._interval * (SLOWER if all(map(_rests, builds)) else 1)

    async def _observe(
        self, pool: WorkerPool, deployments: tuple[WorkerDeployment, ...]
    ) -> dict[str, Load] | Unknown:
        """Read what there is to do for each build."""
        try:
            server = self._servers.of_pool(pool)
            return await self._loads(pool, deployments, server.loads)
        except Waiting as early:
            return Unknown(early.message)
        except TemporalUnreachableError as error:
            return Unknown(str(error))
        except RPCError as error:
            # Such as a key that may not count any more. It is the status that tells, and no number is lost.
            return Unknown(f"{error.status.name}: {error.message}")

    async def _loads(
        self, pool: WorkerPool, deployments: tuple[WorkerDeployment, ...], work: WorkLoads
    ) -> dict[str, Load]:
        namespace, name, serving = pool.metadata.namespace, pool.metadata.name, pool.status.build
        queue = pool_queue(self._installation, namespace, name)
        group = worker_deployment(self._installation, namespace, name)
        every = await work.runs(queue)
        pinned: dict[str, OpenRuns] = {}
        backlogs: dict[str, int] = {}
        for build in (each.build for each in deployments):
            version = WorkerDeploymentVersion(group, build)
            backlogs[build] = await work.backlog(version, queue)
            if build != serving:
                pinned[build] = await work.runs(queue, version) if every.all else OpenRuns()
        shared = loads(every, pinned, backlogs, self._announcements.of_pool(Key.of(pool)), serving=serving)
        if serving is not None and shared[serving].is_nothing:
            shared[serving] = replace(shared[serving], visiting=self._visiting(pool))
        return shared

    def _visiting(self, pool: WorkerPool) -> int:
        """Count the runs of other pools: of calls that a worker takes at once, Temporal shows nothing."""
        namespace, name = pool.metadata.namespace, pool.metadata.name
        agents = (
            (run, self._world.agents.named(namespace, run.spec.agent_ref.name))
            for run in runs_needing(pool, self._world)
        )
        return sum(
            not has_no_worker(run) and (agent is None or agent.spec.worker_pool_ref.name != name)
            for run, agent in agents
        )

    def _plan(
        self,
        pool: WorkerPool,
        deployments: tuple[WorkerDeployment, ...],
        load: dict[str, Load] | Unknown,
    ) -> tuple[PlannedBuild, ...]:
        """Decide for each build, and remember what was seen."""
        seen, now, present = self._seen.get(pool.metadata.uid, _Seen({})), self._now(), build_of(pool)
        planned = []
        for deployment in deployments:
            build = deployment.build
            phase = phase_of(build, serving=pool.status.build, present=present)
            of_build = load if isinstance(load, Unknown) else load[build]
            decision = plan_replicas(
                rules_of(pool, phase), of_build, deployment.spec.replicas, seen.builds.get(build), now
            )
            planned.append(PlannedBuild(deployment, phase, of_build, decision))
        memories = {each.deployment.build: each.decision.memory for each in planned}
        self._seen[pool.metadata.uid] = replace(seen, builds=memories)
        return tuple(planned)

    async def _apply(self, pool: WorkerPool, builds: tuple[PlannedBuild, ...]) -> str:
        """Write the numbers that differ, and return what the API server has against one."""
        refused = ""
        for each in builds:
            if (not each.is_scaled and each.deployment.is_scaled_apart) or _falls_asleep(pool, each):
                continue
            namespace, number = pool.metadata.namespace, each.decision.replicas
            try:
                await self._deployments.scale(namespace, each.deployment, number)
            except (ForbiddenError, RejectedError) as error:
                name = each.deployment.metadata.name
                refused = f"the API server refuses Deployment {name} {number} pods: {error.message}"
                continue
            if each.is_scaled:
                await self._announce(pool, each)
        await self._complain(pool, refused)
        return refused

    async def _complain(self, pool: WorkerPool, refused: str) -> None:
        seen = self._seen[pool.metadata.uid]
        if refused and refused != seen.refused:
            self._logger.warning("workerpool %s: %s", Key.of(pool), refused)
            await self._events.post(
                WORKER_POOLS, pool, "Warning", Reason.DEPLOYMENT_REFUSED, refused, action="Scale"
            )
        self._seen[pool.metadata.uid] = replace(seen, refused=refused)

    async def _announce(self, pool: WorkerPool, planned: PlannedBuild) -> None:
        deployment, decision = planned.deployment, planned.decision
        before = deployment.spec.replicas
        change = f"build {deployment.build}: {before} to {decision.replicas} worker pods"
        self._logger.info("workerpool %s: %s: %s", Key.of(pool), change, decision.message)
        if pool.spec.is_autoscaled:
            await self._events.post(
                WORKER_POOLS,
                pool,
                "Normal",
                EventReason.SCALED_UP if decision.replicas > before else EventReason.SCALED_DOWN,
                f"{change}: {decision.message}",
                action="Scale",
            )

    async def _tell(self, key: Key, builds: tuple[PlannedBuild, ...]) -> None:
        """Write the status, on top of what others have written meanwhile."""
        pool, now = self._world.pools.get(key), self._now()
        if pool is None:
            return
        seen = self._seen[key.uid]
        status = scaled_status(pool, builds, now=now)
        since = None if seen.written is None else now - seen.written
        if is_worth_writing(pool.status, status, since=since):
            await self._settle.write(pool, status)
            self._seen[key.uid] = replace(seen, written=now)


def _falls_asleep(pool: WorkerPool, planned: PlannedBuild) -> bool:
    """Tell whether a pool is still to hear that it sleeps, which is done one look after it was said.

    Until then its workers answer what they were asked before it was: left open, that would wake them again.
    """
    sleeps = planned.phase == "Current" and planned.is_scaled and planned.decision.replicas == 0
    return sleeps and pool.spec.is_autoscaled and not pool.is_asleep


def _rests(planned: PlannedBuild) -> bool:
    """Tell whether nothing is expected of a build before the operator itself starts a run."""
    decision, load = planned.decision, planned.load
    if planned.deployment.status.ready_replicas != decision.replicas:
        return False
    if decision.reason is ScalingReason.FIXED:
        return planned.phase != "Draining"
    return decision.replicas == 0 and isinstance(load, Load) and not load.executing + load.waiting
