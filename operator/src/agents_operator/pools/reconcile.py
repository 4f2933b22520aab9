"""Brings a WorkerPool's Deployments to its spec, and learns what its workers offer."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio.common import WorkerDeploymentVersion

from agents_crds.contract import CONTRACT
from agents_crds.contract.names import pool_queue, probe_workflow_id, worker_deployment
from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import ConditionType, Reason, ToolDescription, WorkerPool
from agents_operator.engine.conditions import find
from agents_operator.engine.queue import jittered
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.deployments import Deployments, WorkerDeployment
from agents_operator.kubernetes.errors import ForbiddenError, RejectedError
from agents_operator.pools.deployment import (
    TemporalTarget,
    build_of,
    deployment_name,
    pool_providers,
    worker_deployment_manifest,
)
from agents_operator.pools.status import described_tools, ready_status
from agents_operator.temporal.builds import NoWorkerError, ObservedBuilds, WorkerBuilds

# A starting worker answers within a few seconds; a broken image never does.
FIRST_PROBE = timedelta(seconds=1)
LAST_PROBE = timedelta(seconds=30)
DRAIN_AGAIN = timedelta(seconds=30)


class PoolReconciler:
    """Reconciles WorkerPools."""

    def __init__(
        self,
        world: World,
        settle: Settle[WorkerPool],
        deployments: Deployments,
        builds: WorkerBuilds,
        *,
        installation: str,
        temporal: TemporalTarget,
        interval: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._settle = settle
        self._deployments = deployments
        self._builds = builds
        self._installation = installation
        self._temporal = temporal
        self._interval = interval
        self._now = now
        self._logger = logger

    async def reconcile(self, key: Key) -> timedelta | None:
        """Bring one pool to its spec; return when to look again."""
        return await self._settle.run(key, self._sync)

    async def _sync(self, pool: WorkerPool) -> timedelta | None:
        if pool.metadata.deletion_timestamp is not None:
            # Its Deployments are its dependents: the garbage collector takes them.
            return None
        build = build_of(pool)
        await self._apply(pool, build)
        version = self._version(pool, build)
        tools = await self._offered(pool, version)
        builds = await self._builds.observe(version.deployment_name)
        if builds.current != build:
            await self._builds.make_current(version)
            self._logger.info("workerpool %s: new runs go to build %s", Key.of(pool), build)
        await self._settle.write(pool, ready_status(pool, build, tools, now=self._now()))
        old = await self._old_deployments(pool, build)
        unused = removable(old, builds)
        await self._remove(pool, unused)
        return DRAIN_AGAIN if len(unused) < len(old) else jittered(self._interval)

    async def _apply(self, pool: WorkerPool, build: str) -> None:
        namespace = pool.metadata.namespace
        providers = pool_providers(self._world.providers.within(namespace))
        manifest = worker_deployment_manifest(
            pool, build, installation=self._installation, temporal=self._temporal, providers=providers
        )
        name = deployment_name(pool, build)
        try:
            await self._deployments.apply(namespace, name, manifest)
        except (ForbiddenError, RejectedError) as error:
            raise Waiting(
                Reason.DEPLOYMENT_REFUSED,
                f"the API server refuses Deployment {name}: {error.message}",
                after=LAST_PROBE,
            ) from error

    async def _offered(
        self, pool: WorkerPool, version: WorkerDeploymentVersion
    ) -> tuple[ToolDescription, ...]:
        """Ask a worker of the build; at zero replicas nobody answers, and what it offered before holds."""
        if pool.spec.replicas == 0 and pool.status.build == version.build_id:
            return pool.status.tools
        catalogue = await self._probe(pool, version)
        require_known_contract(catalogue)
        return described_tools(catalogue)

    async def _probe(self, pool: WorkerPool, version: WorkerDeploymentVersion) -> ToolCatalogue:
        namespace, name, build = pool.metadata.namespace, pool.metadata.name, version.build_id
        if pool.spec.replicas == 0:
            raise Waiting(
                Reason.WORKER_NOT_RESPONDING,
                f"spec.replicas is 0: set it to 1, so that a worker of build {build} can tell its tools",
                after=self._interval,
            )
        queue = pool_queue(self._installation, namespace, name)
        try:
            return await self._builds.describe_tools(
                version, queue, probe_workflow_id(self._installation, namespace, name, build)
            )
        except NoWorkerError as error:
            deployment = deployment_name(pool, build)
            raise Waiting(
                Reason.WORKER_NOT_RESPONDING,
                f"no worker of build {build}: {error}; "
                f"if it stays so, look at the logs of Deployment {deployment}",
                after=probe_pause(pool, self._now()),
                expected=True,
            ) from error

    async def _old_deployments(self, pool: WorkerPool, build: str) -> tuple[WorkerDeployment, ...]:
        metadata = pool.metadata
        found = await self._deployments.of_pool(metadata.namespace, metadata.name, metadata.uid)
        return tuple(deployment for deployment in found if deployment.build != build)

    async def _remove(self, pool: WorkerPool, unused: tuple[WorkerDeployment, ...]) -> None:
        for deployment in unused:
            await self._deployments.delete(pool.metadata.namespace, deployment.metadata.name)
            self._logger.info("workerpool %s: removed build %s", Key.of(pool), deployment.build)

    def _version(self, pool: WorkerPool, build: str) -> WorkerDeploymentVersion:
        name = worker_deployment(self._installation, pool.metadata.namespace, pool.metadata.name)
        return WorkerDeploymentVersion(name, build)


def removable(old: tuple[WorkerDeployment, ...], builds: ObservedBuilds) -> tuple[WorkerDeployment, ...]:
    """Choose the Deployments of builds that no workflow is, or may yet be, pinned to.

    `builds` was read before the switch to the current build, so that the one it replaces counts as in use.
    """
    return tuple(
        deployment
        for deployment in old
        if deployment.build not in builds.in_use and deployment.build != builds.current
    )


def probe_pause(pool: WorkerPool, now: datetime) -> timedelta:
    """Return when to ask again: soon at first, and ever later the longer the pool is not Ready."""
    ready = find(pool.status.conditions, ConditionType.READY)
    if ready is None or ready.status != "False":
        return FIRST_PROBE
    return min(max((now - ready.last_transition_time) / 10, FIRST_PROBE), LAST_PROBE)


def require_known_contract(catalogue: ToolCatalogue) -> None:
    """Raise Stalled when the worker speaks a contract that this operator does not."""
    if catalogue.contract == CONTRACT:
        return
    older = catalogue.contract < CONTRACT
    raise Stalled(
        Reason.WORKER_TOO_OLD if older else Reason.WORKER_TOO_NEW,
        f"the worker speaks contract {catalogue.contract} and this operator {CONTRACT}: "
        + ("rebuild the image on this release's worker" if older else "upgrade the operator first"),
    )
