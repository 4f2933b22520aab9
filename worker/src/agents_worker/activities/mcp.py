"""What is asked of MCP servers: each failure becomes a text for the model, or a reason for a condition."""

import asyncio
import logging
from types import TracebackType
from typing import TYPE_CHECKING, Self

from temporalio import activity
from temporalio.client import Client
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion, WorkflowIDConflictPolicy
from temporalio.service import RPCError

from agents_crds.contract.mcp import (
    DescribeMcpServerInput,
    DescribeMcpServerResult,
    GetMcpPromptInput,
    GetMcpPromptResult,
    McpServerChanged,
)
from agents_crds.contract.names import MCP_SERVER_CHANGED_WORKFLOW, mcp_workflow_id
from agents_worker.activities.beat import beating
from agents_worker.activities.room import Room
from agents_worker.mcp.failed import ServerFailed
from agents_worker.messages import CALL_MCP_TOOL, DESCRIBE_MCP_SERVER, GET_MCP_PROMPT, McpToolCall, ToolResult
from agents_worker.settings import Settings

if TYPE_CHECKING:
    from agents_worker.mcp.work import Servers

_log = logging.getLogger("agents_worker.mcp")


class McpCalls:
    """The activities of a pool's queue that concern MCP servers; while it is open, it listens to some."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._room = Room.of(client.data_converter)
        self._servers: asyncio.Task[Servers] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._servers is not None:
            await (await self._servers).close()

    @activity.defn(name=CALL_MCP_TOOL)
    async def call_mcp_tool(self, call: McpToolCall) -> ToolResult:
        """Call a tool and return its result, or how it failed, as a text."""
        async with beating():
            servers = await self._opened()
            return await self._room.tool_result(await servers.call_tool(call))

    @activity.defn(name=DESCRIBE_MCP_SERVER)
    async def describe_mcp_server(self, question: DescribeMcpServerInput) -> DescribeMcpServerResult:
        """Return what a server offers, or why that is not known."""
        async with beating():
            servers = await self._opened()
            try:
                return DescribeMcpServerResult(answer=await servers.describe(question))
            except ServerFailed as failed:
                return DescribeMcpServerResult(answer=failed.as_failure())

    @activity.defn(name=GET_MCP_PROMPT)
    async def get_mcp_prompt(self, question: GetMcpPromptInput) -> GetMcpPromptResult:
        """Return a prompt as text, or why it could not be had."""
        async with beating():
            servers = await self._opened()
            try:
                return GetMcpPromptResult(answer=await servers.get_prompt(question))
            except ServerFailed as failed:
                return GetMcpPromptResult(answer=failed.as_failure())

    async def _opened(self) -> "Servers":
        if self._servers is None:
            # The second that the import takes, other calls go on.
            self._servers = asyncio.create_task(asyncio.to_thread(self._load))
        return await asyncio.shield(self._servers)

    def _load(self) -> "Servers":
        from agents_worker.mcp.work import servers  # noqa: PLC0415  # 23 MB that most workers never need

        return servers(self._settings.secrets_dir, self._settings.stdio_commands, self._tell)

    async def _tell(self, change: McpServerChanged) -> None:
        """Have the operator list the server anew, unless it is being told so already."""
        queue, settings = self._settings.pool_queue, self._settings
        installation, _, _ = queue.partition("/")
        try:
            await self._client.start_workflow(
                MCP_SERVER_CHANGED_WORKFLOW,
                change,
                id=mcp_workflow_id(installation, change.namespace, change.server, "changed"),
                task_queue=queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                versioning_override=PinnedVersioningOverride(
                    WorkerDeploymentVersion(settings.deployment_name, settings.build_id)
                ),
            )
        except RPCError as error:
            # The operator lists it at its own interval too.
            _log.warning("MCPServer %s changed, and was not told of: %s", change.server, error)
