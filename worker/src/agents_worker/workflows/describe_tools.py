"""The workflow that asks a build of the worker for its tools."""

from datetime import timedelta

from temporalio import workflow

from agents_crds.contract.names import DESCRIBE_TOOLS_WORKFLOW
from agents_crds.contract.tools import ToolCatalogue
from agents_worker.messages import DESCRIBE_TOOLS


@workflow.defn(name=DESCRIBE_TOOLS_WORKFLOW)
class DescribeTools:
    """Returns what a worker of the build that this workflow is pinned to offers."""

    @workflow.run
    async def run(self) -> ToolCatalogue:
        """Ask a worker of the same build."""
        catalogue: ToolCatalogue = await workflow.execute_activity(
            DESCRIBE_TOOLS, result_type=ToolCatalogue, start_to_close_timeout=timedelta(seconds=10)
        )
        return catalogue
