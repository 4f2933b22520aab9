"""Brings a WorkerPool's Deployments to its spec, and learns what its workers offer."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from pydantic import JsonValue
from temporalio.common import WorkerDeploymentVersion

from agents_crds.contract.names import pool_queue, probe_workflow_id, worker_deployment
from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import ConditionType, Reason, WorkerPool
from agents_operator.engine.conditions import find
from agents_operator.engine.queue import jittered
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import Deployments, InvalidDeploymentError, WorkerDeployment
from agents_operator.kubernetes.errors import ForbiddenError, RejectedError
from agents_operator.kubernetes.pods import Pods, WorkerPod
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.contract import require_codec, require_known_contract
from agents_operator.pools.deployment import (
    Surroundings,
    build_of,
    deployment_name,
    pool_providers,
    pool_server_secrets,
    renewed_manifest,
    worker_deployment_manifest,
)
from agents_operator.pools.diagnosis import describing, diagnose
from agents_operator.pools.status import Offer, blame, described_offer, ready_status
from agents_operator.pools.temporal_secrets import observe_temporal_secrets, require_temporal_secrets
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.temporal.builds import NoWorkerError, ObservedBuilds, WorkerBuilds

# A starting worker answers within a few seconds; a broken image never does.
FIRST_PROBE = timedelta(seconds=1)
LAST_PROBE = timedelta(seconds=30)
DRAIN_AGAIN = timedelta(seconds=30)

GRANT = ", which its role must allow"


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
        build = build_of(pool)
        if pool.metadata.deletion_timestamp is not None:
            # Its Deployments are its dependents: the garbage collector takes them.
            return None
        trusted: tuple[WorkerDeployment, ...] = ()
        try:
            trusted = await self._observe_deployments(pool)
            own = next((each for each in trusted if each.build == build), None)
            older = tuple(each for each in trusted if each.build != build)
            refused = await self._write_deployments(pool, build, older)
            version = self._version(pool, build)
            builds = await self._builds.observe(version.deployment_name)
            await self._remove(pool, removable(older, builds, pool.status.build))
            # From here on it is the build's own workers that tell whether they work.
            trusted = older
            offer = await self._offered(pool, version, own)
            if builds.current != build:
                await self._builds.make_current(version)
                self._logger.info("workerpool %s: new runs go to build %s", Key.of(pool), build)
            if refused is not None and pool.status.build == build:
                trusted = (*older, *([own] if own else []))
                raise refused
        except (Waiting, Stalled) as early:
            blame(early, pool, build, trusted, now=self._now())
            raise
        await self._settle.write(pool, ready_status(pool, build, offer, now=self._now()))
        return DRAIN_AGAIN if older else jittered(self._interval)

    async def _observe_deployments(self, pool: WorkerPool) -> tuple[WorkerDeployment, ...]:
        namespace, name, uid = pool.metadata.namespace, pool.metadata.name, pool.metadata.uid
        with refusable(f"the operator a list of the Deployments in namespace {namespace}{GRANT}"):
            return await self._deployments.of_pool(namespace, name, uid)

    async def _write_deployments(
        self, pool: WorkerPool, build: str, older: tuple[WorkerDeployment, ...]
    ) -> Waiting | None:
        """Bring the Deployments to the spec, and return what the API server refuses of earlier builds."""
        namespace = pool.metadata.namespace
        found = await observe_temporal_secrets(self._secrets, namespace, self._temporal)
        require_temporal_secrets(found, namespace, self._temporal)
        providers = pool_providers(self._world.providers.within(namespace))
        secrets = pool_server_secrets(pool, self._world.mcp_servers.within(namespace))
        around = Surroundings(self._installation, self._temporal, providers, secrets)
        # Earlier builds come first, for they are what serves while this one does not.
        refused = await self._renew(pool, older, around)
        manifest = worker_deployment_manifest(pool, build, around)
        await self._apply(namespace, deployment_name(pool, build), manifest)
        return refused

    async def _renew(
        self, pool: WorkerPool, older: tuple[WorkerDeployment, ...], around: Surroundings
    ) -> Waiting | None:
        """Let the runs of earlier builds reach the providers of now, with as many workers as the pool has."""
        refused = None
        for deployment in older:
            manifest = renewed_manifest(pool, deployment, around)
            if manifest is not None:
                try:
                    await self._apply(pool.metadata.namespace, deployment.metadata.name, manifest)
                except (Waiting, Stalled) as early:
                    refused = Waiting(
                        Reason.DEPLOYMENT_REFUSED,
                        f"the workers of earlier build {deployment.build} cannot learn of new providers and "
                        f"keys: {early.message}",
                        after=LAST_PROBE,
                    )
        return refused

    async def _apply(self, namespace: str, name: str, manifest: JsonValue) -> None:
        with refusable(f"Deployment {name}"):
            await self._deployments.apply(namespace, name, manifest)

    async def _offered(
        self, pool: WorkerPool, version: WorkerDeploymentVersion, own: WorkerDeployment | None
    ) -> Offer:
        """Ask a worker of the build; at zero replicas nobody answers, and what it offered before holds."""
        if pool.spec.replicas == 0 and pool.status.build == version.build_id:
            return Offer(pool.status.contract, pool.status.tools)
        catalogue = await self._probe(pool, version, own)
        require_known_contract(catalogue)
        require_codec(catalogue, self._temporal.payloads.codec)
        return described_offer(catalogue)

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
            pods = await self._observe_pods(namespace, name, build)
            found = diagnose(own, pods or ())
            if found is not None:
                raise Waiting(found.reason, found.message, after=after) from error
            unseen = "; the operator could say more if its role allowed it to list pods there"
            raise Waiting(
                Reason.WORKER_NOT_RESPONDING,
                f"no worker of build {build}: {error}; if it stays so, this tells why: "
                f"{describing(namespace, name, build)}{unseen if pods is None else ''}",
                after=after,
                expected=True,
            ) from error

    async def _observe_pods(self, namespace: str, pool: str, build: str) -> tuple[WorkerPod, ...] | None:
        """Read the pods of a build; None when the operator may not."""
        try:
            return await self._pods.of_build(namespace, pool, build)
        except ForbiddenError:
            return None

    async def _remove(self, pool: WorkerPool, unused: tuple[WorkerDeployment, ...]) -> None:
        for deployment in unused:
            with refusable(f"the operator to delete Deployment {deployment.metadata.name}{GRANT}"):
                await self._deployments.delete(pool.metadata.namespace, deployment.metadata.name)
            self._logger.info("workerpool %s: removed build %s", Key.of(pool), deployment.build)

    def _version(self, pool: WorkerPool, build: str) -> WorkerDeploymentVersion:
        name = worker_deployment(self._installation, pool.metadata.namespace, pool.metadata.name)
        return WorkerDeploymentVersion(name, build)


@contextmanager
def refusable(what: str) -> Iterator[None]:
    """Raise what the API server's refusal means for the pool, for that which it may refuse."""
    try:
        yield
    except InvalidDeploymentError as error:
        raise Stalled(Reason.POD_TEMPLATE_INVALID, error.message) from error
    except (ForbiddenError, RejectedError) as error:
        raise Waiting(
            Reason.DEPLOYMENT_REFUSED, f"the API server refuses {what}: {error.message}", after=LAST_PROBE
        ) from error


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
