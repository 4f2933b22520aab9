"""The activity by which a worker tells that a server's lists have changed."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from agents_crds.contract.mcp import McpServerChanged
from agents_crds.contract.names import MCP_SERVER_CHANGED_ACTIVITY, McpServerIdentity
from agents_crds.v1alpha1 import MCPServer, WorkerPool
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World
from agents_operator.temporal.places import ASK_ANOTHER, Place

# Temporal brings the next attempt to whoever asks first, and the one that leads asks as often.
TELL_THE_LEADER = timedelta(seconds=1)


class McpServerChanges:
    """Serves the operator's task queue in one server."""

    def __init__(
        self,
        world: World,
        queue: WorkQueue[Key],
        place: Place,
        installation: str,
        *,
        leads: Callable[[], bool],
    ) -> None:
        self._world = world
        self._queue = queue
        self._place = place
        self._installation = installation
        self._leads = leads

    @activity.defn(name=MCP_SERVER_CHANGED_ACTIVITY)
    async def changed(self, _: McpServerChanged | None = None) -> None:
        """Have the MCPServer of the calling workflow listed anew, and no other, whatever the input says."""
        workflow_id = activity.info().workflow_id
        identity = McpServerIdentity.of_workflow(workflow_id or "")
        if identity is None or identity.installation != self._installation:
            raise ApplicationError(
                f"workflow {workflow_id} belongs to no MCPServer of {self._installation}", non_retryable=True
            )
        if not self._leads():
            raise ApplicationError(
                "this replica of the operator stands by, and only the one that leads lists servers",
                next_retry_delay=TELL_THE_LEADER,
                category=ApplicationErrorCategory.BENIGN,
            )
        server = self._world.mcp_servers.named(identity.namespace, identity.server)
        pool = None if server is None else self._pool(server)
        if server is None or pool is None:
            return
        if not self._place.serves(pool):
            raise ApplicationError(
                f"no worker of {self._place.title} listens to MCPServer {identity.server}",
                next_retry_delay=ASK_ANOTHER,
                category=ApplicationErrorCategory.BENIGN,
            )
        self._queue.add(Key.of(server))

    def _pool(self, server: MCPServer) -> WorkerPool | None:
        """Return the pool whose workers listen to the server."""
        return self._world.pools.named(server.metadata.namespace, server.spec.worker_pool_ref.name)
