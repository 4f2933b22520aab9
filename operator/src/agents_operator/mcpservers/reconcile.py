"""Learns by a pool's workers what an MCPServer offers."""

from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.contract.mcp import McpCatalogue, McpFailure
from agents_crds.v1alpha1 import MCPServer, Reason
from agents_operator.engine.queue import jittered
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.errors import RejectedError
from agents_operator.mcpservers.plan import Ask, Keep, failed, plan_server
from agents_operator.mcpservers.status import listed_status
from agents_operator.mcpservers.target import mcp_target
from agents_operator.temporal.builds import NoWorkerError
from agents_operator.temporal.mcp import PoolBuild
from agents_operator.temporal.servers import TemporalServers

# Until the next listing has replaced it, whatever its jitter.
LISTENS = 1.5


class McpServerReconciler:
    """Reconciles MCPServers."""

    def __init__(
        self,
        world: World,
        settle: Settle[MCPServer],
        servers: TemporalServers,
        *,
        retry_interval: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._world = world
        self._settle = settle
        self._servers = servers
        self._retry_interval = retry_interval
        self._now = now

    async def reconcile(self, key: Key) -> timedelta | None:
        """List what one server offers; return when to list it again."""
        return await self._settle.run(key, self._sync)

    async def _sync(self, server: MCPServer) -> timedelta | None:
        if server.metadata.deletion_timestamp is not None:
            return None
        pool = self._world.pools.named(server.metadata.namespace, server.spec.worker_pool_ref.name)
        match plan_server(server, pool, retry_interval=self._retry_interval, now=self._now()):
            case Keep(after):
                return after
            case Ask(workers):
                return await self._list(server, workers)

    async def _list(self, server: MCPServer, workers: PoolBuild) -> timedelta:
        match await self._ask(server, workers):
            case McpFailure() as failure:
                raise failed(server, failure, retry_interval=self._retry_interval, now=self._now())
            case McpCatalogue() as catalogue:
                await self._write(server, catalogue)
                return jittered(server.spec.interval)

    async def _ask(self, server: MCPServer, workers: PoolBuild) -> McpCatalogue | McpFailure:
        mcp = self._servers.of(workers.namespace, workers.connection).mcp
        try:
            return await mcp.describe(workers, mcp_target(server), listen=LISTENS * server.spec.interval)
        except NoWorkerError as error:
            raise Waiting(
                Reason.WORKER_POOL_NOT_READY,
                f"no worker of build {workers.build} of WorkerPool {workers.pool}: {error}; the conditions "
                "of the WorkerPool say why",
                after=self._retry_interval,
                expected=True,
            ) from error

    async def _write(self, server: MCPServer, catalogue: McpCatalogue) -> None:
        try:
            await self._settle.write(server, listed_status(server, catalogue, now=self._now()))
        except RejectedError as error:
            raise Waiting(
                Reason.SERVER_ERROR,
                f"what the server lists cannot be stored: {error.message}",
                after=server.spec.interval,
            ) from error
