"""The workflow that asks an MCP server what it offers."""

from temporalio import workflow

from agents_crds.contract.mcp import DescribeMcpServerInput, DescribeMcpServerResult
from agents_crds.contract.names import DESCRIBE_MCP_SERVER_WORKFLOW
from agents_worker.messages import DESCRIBE_MCP_SERVER
from agents_worker.workflows.question import ask


@workflow.defn(name=DESCRIBE_MCP_SERVER_WORKFLOW)
class DescribeMcpServer:
    """Returns what an MCP server offers to a worker of the build that this workflow is pinned to."""

    @workflow.run
    async def run(self, question: DescribeMcpServerInput) -> DescribeMcpServerResult:
        """Ask a worker of the same build, once: the operator asks again in its own time."""
        answer = await ask(DESCRIBE_MCP_SERVER, question, question.target, DescribeMcpServerResult)
        return (
            answer if isinstance(answer, DescribeMcpServerResult) else DescribeMcpServerResult(answer=answer)
        )
