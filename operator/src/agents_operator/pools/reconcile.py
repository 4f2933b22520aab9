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
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import Deployments, InvalidDeploymentError, WorkerDeployment
from agents_operator.kubernetes.errors import ForbiddenError, RejectedError
from agents_operator.kubernetes.pods import Pods
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.deployment import (
    build_of,
    deployment_name,
    pool_providers,
    worker_deployment_manifest,
)
from agents_operator.pools.diagnosis import diagnose
from agents_operator.pools.status import blame, described_tools, ready_status
from agents_operator.pools.temporal_target import TemporalTarget
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
        api: KubernetesApi,
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
        self._deployments, self._pods, self._secrets = Deployments(api), Pods(api), Secrets(api)
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
        metadata, build = pool.metadata, build_of(pool)
        if metadata.deletion_timestamp is not None:
            # Its Deployments are its dependents: the garbage collector takes them.
            return None
        deployments = await self._deployments.of_pool(metadata.namespace, metadata.name, metadata.uid)
        own = next((each for each in deployments if each.build == build), None)
        older = tuple(each for each in deployments if each.build != build)
        try:
            return await self._roll_out(pool, build, own, older)
        except (Waiting, Stalled) as early:
            blame(early, pool, build, older, now=self._now())
            raise

    async def _roll_out(
        self, pool: WorkerPool, build: str, own: WorkerDeployment | None, older: tuple[WorkerDeployment, ...]
    ) -> timedelta:
        version = self._version(pool, build)
        await self._apply(pool, build)
        builds = await self._builds.observe(version.deployment_name)
        unused = removable(older, builds, pool.status.build)
        await self._remove(pool, unused)
        kept = tuple(each for each in older if each not in unused)
        await self._scale(pool, kept)
        tools = await self._offered(pool, version, own)
        if builds.current != build:
            await self._builds.make_current(version)
            self._logger.info("workerpool %s: new runs go to build %s", Key.of(pool), build)
        await self._settle.write(pool, ready_status(pool, build, tools, now=self._now()))
        return DRAIN_AGAIN if kept else jittered(self._interval)

    async def _apply(self, pool: WorkerPool, build: str) -> None:
        namespace = pool.metadata.namespace
        await self._require_temporal_secrets(namespace)
        providers = pool_providers(self._world.providers.within(namespace))
        manifest = worker_deployment_manifest(
            pool, build, installation=self._installation, temporal=self._temporal, providers=providers
        )
        name = deployment_name(pool, build)
        try:
            await self._deployments.apply(namespace, name, manifest)
        except InvalidDeploymentError as error:
            raise Stalled(Reason.POD_TEMPLATE_INVALID, error.message) from error
        except (ForbiddenError, RejectedError) as error:
            raise Waiting(
                Reason.DEPLOYMENT_REFUSED,
                f"the API server refuses Deployment {name}: {error.message}",
                after=LAST_PROBE,
            ) from error

    async def _require_temporal_secrets(self, namespace: str) -> None:
        for ref in self._temporal.secrets:
            if await self._secrets.read(namespace, ref) is None:
                raise Waiting(
                    Reason.SECRET_NOT_FOUND,
                    f"there is no Secret {ref.name} with key {ref.key} in namespace {namespace}: "
                    "workers need it to connect to Temporal; copy it from whoever runs the Temporal server",
                    after=LAST_PROBE,
                )

    async def _offered(
        self, pool: WorkerPool, version: WorkerDeploymentVersion, own: WorkerDeployment | None
    ) -> tuple[ToolDescription, ...]:
        """Ask a worker of the build; at zero replicas nobody answers, and what it offered before holds."""
        if pool.spec.replicas == 0 and pool.status.build == version.build_id:
            return pool.status.tools
        catalogue = await self._probe(pool, version, own)
        require_known_contract(catalogue)
        return described_tools(catalogue)

    async def _probe(
        self, pool: WorkerPool, version: WorkerDeploymentVersion, own: WorkerDeployment | None
    ) -> ToolCatalogue:
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
            after = probe_pause(silent_since(pool, build, own), self._now())
            found = diagnose(own, await self._pods.of_build(namespace, name, build))
            if found is not None:
                raise Waiting(found.reason, found.message, after=after) from error
            raise Waiting(
                Reason.WORKER_NOT_RESPONDING,
                f"no worker of build {build}: {error}; "
                f"if it stays so, look at the logs of Deployment {deployment_name(pool, build)}",
                after=after,
                expected=True,
            ) from error

    async def _remove(self, pool: WorkerPool, unused: tuple[WorkerDeployment, ...]) -> None:
        for deployment in unused:
            await self._deployments.delete(pool.metadata.namespace, deployment.metadata.name)
            self._logger.info("workerpool %s: removed build %s", Key.of(pool), deployment.build)

    async def _scale(self, pool: WorkerPool, kept: tuple[WorkerDeployment, ...]) -> None:
        """Give builds that still have runs as many workers as the pool has."""
        for deployment in kept:
            if deployment.spec.replicas != pool.spec.replicas:
                await self._deployments.scale(
                    pool.metadata.namespace, deployment.metadata.name, pool.spec.replicas
                )

    def _version(self, pool: WorkerPool, build: str) -> WorkerDeploymentVersion:
        name = worker_deployment(self._installation, pool.metadata.namespace, pool.metadata.name)
        return WorkerDeploymentVersion(name, build)


def removable(
    older: tuple[WorkerDeployment, ...], builds: ObservedBuilds, replaced: str | None
) -> tuple[WorkerDeployment, ...]:
    """Choose the Deployments of builds that no workflow is, or may yet be, pinned to.

    `replaced` is the build of the pool's status: it stays until the next one has taken its place.
    """
    needed = {*builds.in_use, builds.current, replaced}
    return tuple(deployment for deployment in older if deployment.build not in needed)


def silent_since(pool: WorkerPool, build: str, own: WorkerDeployment | None) -> datetime | None:
    """Return since when the workers of the build could have answered; None when that is just now."""
    if pool.status.build != build:
        return None if own is None else own.metadata.creation_timestamp
    ready = find(pool.status.conditions, ConditionType.READY)
    return None if ready is None or ready.status != "False" else ready.last_transition_time


def probe_pause(since: datetime | None, now: datetime) -> timedelta:
    """Return when to ask again: soon at first, and ever later the longer nobody answers."""
    return FIRST_PROBE if since is None else min(max((now - since) / 10, FIRST_PROBE), LAST_PROBE)


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
