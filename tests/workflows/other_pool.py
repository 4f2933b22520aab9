"""The pool of other agents than the first one, and of an MCP server."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from agents_crds.contract.mcp import McpServerRoute, McpTarget, McpToolRoute, StreamableHttpTransport
from agents_crds.contract.run import AgentSnapshot, ToolRoute
from agents_worker.activities.room import Room
from agents_worker.activities.tools import ToolCalls
from agents_worker.messages import CALL_MCP_TOOL, McpToolCall, ToolResult
from agents_worker.tools.offer import Tools

OTHER_QUEUE = "test/ns/pools/other"
QUOTE = "quotes_get-quote"
QUOTES = McpServerRoute(
    target=McpTarget(
        server="quotes",
        transport=StreamableHttpTransport(url="http://quotes.test/mcp"),
        connect_timeout=timedelta(seconds=10),
        call_timeout=timedelta(seconds=60),
    ),
    queue=OTHER_QUEUE,
)


class OtherPool:
    """What the pool of other agents and of MCP servers was asked for; its servers answer at once."""

    def __init__(self) -> None:
        self.mcp_calls = list[McpToolCall]()

    @activity.defn(name=CALL_MCP_TOOL)
    async def call_mcp_tool(self, call: McpToolCall) -> ToolResult:
        """Note the call and repeat what it says."""
        self.mcp_calls.append(call)
        return ToolResult(text=f"{call.target.server} ran {call.tool} with {call.arguments}")


@asynccontextmanager
async def serving_other_pool(client: Client, tools: Tools) -> AsyncIterator[OtherPool]:
    """Serve the queue of another pool."""
    pool = OtherPool()
    with ThreadPoolExecutor(2) as threads:
        calls = ToolCalls(tools, threads, Room())
        async with Worker(client, task_queue=OTHER_QUEUE, activities=(calls.call_tool, pool.call_mcp_tool)):
            yield pool


def with_quotes(agent: AgentSnapshot) -> AgentSnapshot:
    """Give an agent the server's tool, as the operator does."""
    route = ToolRoute(
        name=QUOTE,
        queue=OTHER_QUEUE,
        idempotent=True,
        timeout=QUOTES.target.call_timeout,
        mcp=McpToolRoute(server="quotes", tool="get-quote"),
    )
    return agent.model_copy(update={"tools": (*agent.tools, route)})
