"""The workflow that tells the operator that the lists of an MCP server have changed."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from agents_crds.contract.mcp import McpServerChanged
from agents_crds.contract.names import MCP_SERVER_CHANGED_ACTIVITY, MCP_SERVER_CHANGED_WORKFLOW

# Each may come to a replica of the operator that stands by.
_ATTEMPTS = 10


@workflow.defn(name=MCP_SERVER_CHANGED_WORKFLOW)
class McpServerHasChanged:
    """Tells the operator once; it knows the server by this workflow's id."""

    @workflow.run
    async def run(self, change: McpServerChanged) -> None:
        """Tell it a few times at most: it lists the server at an interval too."""
        await workflow.execute_activity(
            MCP_SERVER_CHANGED_ACTIVITY,
            change,
            task_queue=change.operator_queue,
            start_to_close_timeout=timedelta(seconds=10),
            schedule_to_close_timeout=timedelta(minutes=1),
            retry_policy=RetryPolicy(maximum_attempts=_ATTEMPTS),
        )
