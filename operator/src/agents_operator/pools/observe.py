"""What a pool is like before anything is done about it."""

from dataclasses import dataclass
from datetime import datetime

from temporalio.common import WorkerDeploymentVersion

from agents_crds.contract.names import worker_deployment
from agents_crds.v1alpha1 import WorkerPool
from agents_operator.engine.world import World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import Deployments, WorkerDeployment
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.deployment import Surroundings, build_of, pool_providers, pool_server_secrets
from agents_operator.pools.refusable import GRANT, refusable
from agents_operator.pools.status import wakes
from agents_operator.pools.telemetry import WorkerTelemetry
from agents_operator.pools.temporal_secrets import observe_temporal_secrets, require_temporal_secrets
from agents_operator.temporal.builds import ObservedBuilds
from agents_operator.temporal.servers import TemporalServer


@dataclass(frozen=True)
class ObservedPool:
    """A pool with its builds, and what its workers are to be told."""

    pool: WorkerPool
    deployments: tuple[WorkerDeployment, ...]
    """Those of all builds that have one."""
    builds: ObservedBuilds
    around: Surroundings

    @property
    def build(self) -> str:
        """The build of the present spec."""
        return build_of(self.pool)

    @property
    def version(self) -> WorkerDeploymentVersion:
        """That build, as Temporal names it."""
        namespace, name = self.pool.metadata.namespace, self.pool.metadata.name
        return WorkerDeploymentVersion(
            worker_deployment(self.around.installation, namespace, name), self.build
        )

    @property
    def own(self) -> WorkerDeployment | None:
        """The Deployment of that build."""
        return next((each for each in self.deployments if each.build == self.build), None)

    @property
    def older(self) -> tuple[WorkerDeployment, ...]:
        """The Deployments of the other builds."""
        return tuple(each for each in self.deployments if each.build != self.build)

    @property
    def sleeps(self) -> bool:
        """Whether that build is to have no worker for the time being: nobody can answer then."""
        if self.pool.spec.is_autoscaled and self.pool.status.build != self.build:
            return False
        return self.pool.is_asleep

    def wakes(self, now: datetime) -> bool:
        """Whether that build, which new runs go to, has workers that are about to start."""
        own = self.own
        return own is not None and self.pool.status.build == self.build and wakes(self.pool, own, now=now)


class PoolReads:
    """Reads what decides on a pool."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        installation: str,
        telemetry: WorkerTelemetry,
    ) -> None:
        self._world, self._telemetry = world, telemetry
        self._deployments, self._secrets = Deployments(api), Secrets(api)
        self._installation = installation

    async def deployments(self, pool: WorkerPool) -> tuple[WorkerDeployment, ...]:
        """List the Deployments of a pool; raise Waiting when the operator may not."""
        namespace, name, uid = pool.metadata.namespace, pool.metadata.name, pool.metadata.uid
        with refusable(f"the operator a list of the Deployments in namespace {namespace}{GRANT}"):
            return await self._deployments.of_pool(namespace, name, uid)

    async def observe(
        self, pool: WorkerPool, deployments: tuple[WorkerDeployment, ...], server: TemporalServer
    ) -> ObservedPool:
        """Look at a pool and its builds; raise Waiting when its workers could not get to Temporal.

        Raises TemporalUnreachableError.
        """
        namespace, name = pool.metadata.namespace, pool.metadata.name
        found = await observe_temporal_secrets(self._secrets, namespace, server.target)
        require_temporal_secrets(found, namespace, server.target)
        builds = await server.builds.observe(worker_deployment(self._installation, namespace, name))
        return ObservedPool(pool, deployments, builds, self.around(pool, server))

    def around(self, pool: WorkerPool, server: TemporalServer) -> Surroundings:
        """Say what a pool's workers are to be told, by the world as last seen."""
        namespace = pool.metadata.namespace
        return Surroundings(
            self._installation,
            server.target,
            pool_providers(self._world.providers.within(namespace)),
            pool_server_secrets(pool, self._world.mcp_servers.within(namespace)),
            self._telemetry,
        )
