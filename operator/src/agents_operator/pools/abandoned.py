"""Removes from Temporal what pools and builds that are gone have left there."""

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.names import PoolIdentity
from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.text import DNS_LABEL
from agents_operator.engine.outages import OUTAGES
from agents_operator.engine.served import Namespaces
from agents_operator.engine.world import World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import WORKER_POOLS
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.temporal.worker_deployments import (
    DescribedDeployment,
    ListedDeployment,
    WorkerDeployments,
)

MOST_VERSIONS = 50
"""Of a pool that is there; Temporal keeps up to 100 and then takes no new build."""

MOST_LISTED = 10_000
"""Of one server, which is its users' own: it may claim to have any number, and take any time."""

LONGEST_SWEEP = 60.0


@dataclass(frozen=True)
class Cleanup:
    """What is to be done about a Worker Deployment."""

    retire: bool = False
    """Let its current build drain."""
    builds: tuple[str, ...] = ()
    """The versions to delete."""
    whole: bool = False
    """Delete it itself, once it has no version left."""


def plan_cleanup(seen: DescribedDeployment, *, abandoned: bool) -> Cleanup:
    """Choose what nothing needs: of a pool that is there, only the oldest of very many builds."""
    unused = tuple(version.build for version in seen.versions if version.unused)
    if not abandoned:
        return Cleanup(builds=unused[: max(len(seen.versions) - MOST_VERSIONS, 0)])
    left = len(seen.versions) - len(unused)
    return Cleanup(retire=seen.current is not None, builds=unused, whole=left == 0)


def is_plain(place: PoolIdentity) -> bool:
    """Tell whether the API server can be asked for it: who has a worker gives its deployment any name."""
    return all(re.fullmatch(DNS_LABEL, name) for name in (place.namespace, place.pool))


class BuildSweep:
    """Looks through the Worker Deployments of the installation, and no others."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        servers: TemporalServers,
        namespaces: Namespaces,
        *,
        installation: str,
        settled: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        """One that is younger than `settled` is left alone."""
        self._world, self._api, self._servers = world, api, servers
        self._namespaces = namespaces
        self._installation = installation
        self._settled = settled
        self._now = now
        self._logger = logger

    async def sweep(self) -> None:
        """Do it once; nothing is touched of a server whose listing fails."""
        for server in self._servers.all():
            where = server.place.title
            try:
                async with asyncio.timeout(LONGEST_SWEEP):
                    await self._sweep(server)
            except OUTAGES as error:
                # The others are still to be looked at.
                why = str(error) or type(error).__name__
                self._logger.warning("worker deployments in %s: not looked through: %s", where, why)
            except Exception:
                # What the server of a namespace's own users provokes is no harm to others.
                self._logger.exception("worker deployments in %s: not looked through", where)

    async def _sweep(self, server: TemporalServer) -> None:
        deployments = WorkerDeployments(server.client)
        listed: list[ListedDeployment] = []
        async for each in deployments.list(f"{self._installation}/"):
            listed.append(each)
            if len(listed) == MOST_LISTED:
                break
        for each in listed:
            await self._look_at(each, server, deployments)

    async def _look_at(
        self, listed: ListedDeployment, server: TemporalServer, deployments: WorkerDeployments
    ) -> None:
        place = PoolIdentity.of_deployment(listed.name)
        if place is None or place.installation != self._installation or not is_plain(place):
            return
        served = self._namespaces()
        if None not in served and place.namespace not in served:
            # There, it is not this operator's to say what is gone.
            return
        if listed.since > self._now() - self._settled or not server.place.may_speak_of(place.namespace):
            return
        # Before the pool is looked for: one that comes meanwhile makes a change that is noticed.
        seen = await deployments.describe(listed.name)
        if seen is None:
            return
        pool = await self._find(place.namespace, place.pool)
        await self._clean(deployments, seen, plan_cleanup(seen, abandoned=pool is None))

    async def _find(self, namespace: str, name: str) -> WorkerPool | None:
        """Find a pool in the world, or else ask the API server, which alone knows that there is none."""
        return self._world.pools.named(namespace, name) or await self._api.get(WORKER_POOLS, namespace, name)

    async def _clean(
        self, deployments: WorkerDeployments, seen: DescribedDeployment, cleanup: Cleanup
    ) -> None:
        if cleanup.retire and await deployments.retire(seen):
            self._logger.info("worker deployment %s: its pool is gone, and it drains", seen.name)
        deleted = [build for build in cleanup.builds if await deployments.delete_version(seen.name, build)]
        if deleted:
            self._logger.info("worker deployment %s: deleted versions %s", seen.name, ", ".join(deleted))
        if cleanup.whole and deleted == list(cleanup.builds) and await deployments.delete(seen.name):
            self._logger.info("worker deployment %s: deleted", seen.name)
