"""The workflow that asks an MCP server for a prompt."""

from temporalio import workflow

from agents_crds.contract.mcp import GetMcpPromptInput, GetMcpPromptResult
from agents_crds.contract.names import GET_MCP_PROMPT_WORKFLOW
from agents_worker.messages import GET_MCP_PROMPT
from agents_worker.workflows.question import ask


@workflow.defn(name=GET_MCP_PROMPT_WORKFLOW)
class GetMcpPrompt:
    """Returns a prompt of an MCP server as text."""

    @workflow.run
    async def run(self, question: GetMcpPromptInput) -> GetMcpPromptResult:
        """Ask a worker of the same build, once: the operator asks again in its own time."""
        answer = await ask(GET_MCP_PROMPT, question, question.target, GetMcpPromptResult)
        return answer if isinstance(answer, GetMcpPromptResult) else GetMcpPromptResult(answer=answer)
