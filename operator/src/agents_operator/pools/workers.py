"""Brings the Deployments of a pool's builds to what they are to be."""

import logging

from pydantic import JsonValue

from agents_crds.v1alpha1 import Reason, WorkerPool
from agents_operator.autoscaling.rules import first_replicas
from agents_operator.engine.world import Key
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import Deployments, WorkerDeployment
from agents_operator.pools.deployment import (
    Surroundings,
    build_of,
    deployment_name,
    remade_manifest,
    renewed_manifest,
    worker_deployment_manifest,
)
from agents_operator.pools.observe import ObservedPool
from agents_operator.pools.refusable import GRANT, TRY_AGAIN, refusable
from agents_operator.pools.rollout import removable


class Workers:
    """Writes Deployments; raises Waiting or Stalled for what the API server refuses."""

    def __init__(self, api: KubernetesApi, logger: logging.Logger) -> None:
        self._deployments = Deployments(api)
        self._logger = logger

    async def apply(self, seen: ObservedPool) -> Waiting | None:
        """Bring every build's Deployment in step, and return what is refused of earlier ones."""
        unused = removable(seen.older, seen.builds, seen.pool.status.build)
        kept = tuple(each for each in seen.older if each not in unused)
        # Earlier builds come first, for they are what serves while this one does not.
        refused = await self._renew(seen, kept)
        await self.make(seen.pool, seen.around, seen.own)
        await self._remove(seen.pool, unused)
        return refused

    async def make(self, pool: WorkerPool, around: Surroundings, own: WorkerDeployment | None) -> None:
        """Make the Deployment of the present spec's build, or change its `own`."""
        build, first = build_of(pool), first_replicas(pool) if own is None else None
        manifest = worker_deployment_manifest(pool, build, around, replicas=first)
        await self._write(pool, deployment_name(pool, build), manifest, own)

    async def remake(self, pool: WorkerPool, around: Surroundings, gone: WorkerDeployment) -> None:
        """Make the Deployment of a build again that somebody has deleted."""
        await self._write(pool, gone.metadata.name, remade_manifest(pool, gone, around), None)
        self._logger.info("workerpool %s: made build %s again", Key.of(pool), gone.build)

    async def _renew(self, seen: ObservedPool, older: tuple[WorkerDeployment, ...]) -> Waiting | None:
        """Let the runs of earlier builds reach the providers of now."""
        refused = None
        for deployment in older:
            manifest = renewed_manifest(seen.pool, deployment, seen.around)
            if manifest is not None:
                try:
                    await self._write(seen.pool, deployment.metadata.name, manifest, deployment)
                except (Waiting, Stalled) as early:
                    refused = Waiting(
                        Reason.DEPLOYMENT_REFUSED,
                        f"the workers of earlier build {deployment.build} cannot learn of new providers and "
                        f"keys: {early.message}",
                        after=TRY_AGAIN,
                    )
        return refused

    async def _write(
        self, pool: WorkerPool, name: str, manifest: JsonValue, known: WorkerDeployment | None
    ) -> None:
        namespace = pool.metadata.namespace
        with refusable(f"Deployment {name}"):
            if known is not None and not known.is_scaled_apart:
                # Else the number that this manifest leaves out would fall back to 1.
                await self._deployments.scale(namespace, known, known.spec.replicas)
            await self._deployments.apply(namespace, name, manifest)

    async def _remove(self, pool: WorkerPool, unused: tuple[WorkerDeployment, ...]) -> None:
        for deployment in unused:
            with refusable(f"the operator to delete Deployment {deployment.metadata.name}{GRANT}"):
                await self._deployments.delete(pool.metadata.namespace, deployment.metadata.name)
            self._logger.info("workerpool %s: removed build %s", Key.of(pool), deployment.build)
