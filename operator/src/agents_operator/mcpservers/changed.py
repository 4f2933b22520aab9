"""The activity by which a worker tells that a server's lists have changed."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents_crds.contract.mcp import McpServerChanged
from agents_crds.contract.names import MCP_SERVER_CHANGED_ACTIVITY, McpServerIdentity
from agents_crds.v1alpha1 import MCPServer
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Cache, Key


class McpServerChanges:
    """Serves the operator's task queue."""

    def __init__(self, servers: Cache[MCPServer], queue: WorkQueue[Key], installation: str) -> None:
        self._servers = servers
        self._queue = queue
        self._installation = installation

    @activity.defn(name=MCP_SERVER_CHANGED_ACTIVITY)
    async def changed(self, _: McpServerChanged | None = None) -> None:
        """Have the MCPServer of the calling workflow listed anew, and no other, whatever the input says."""
        workflow_id = activity.info().workflow_id
        identity = McpServerIdentity.of_workflow(workflow_id or "")
        if identity is None or identity.installation != self._installation:
            raise ApplicationError(
                f"workflow {workflow_id} belongs to no MCPServer of {self._installation}", non_retryable=True
            )
        server = self._servers.named(identity.namespace, identity.server)
        if server is not None:
            self._queue.add(Key.of(server))
