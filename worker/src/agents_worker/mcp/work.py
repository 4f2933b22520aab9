"""What a worker does with MCP servers: it lists them, calls their tools, reads their prompts."""

import logging
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path

from mcp import Client, MCPError
from mcp_types import (
    HEADER_MISMATCH,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
)
from pydantic import TypeAdapter, ValidationError

from agents_crds.contract.mcp import (
    DescribeMcpServerInput,
    GetMcpPromptInput,
    McpCatalogue,
    McpServerChanged,
    McpText,
    StdioTransport,
)
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.instructions import INSTRUCTIONS_LIMIT
from agents_worker.mcp.catalogue import list_all, relist_tools
from agents_worker.mcp.contents import prompt_text, result_text
from agents_worker.mcp.explanation import is_of_server
from agents_worker.mcp.failed import ServerFailed
from agents_worker.mcp.listening import Listeners, announces_changes
from agents_worker.mcp.session import Sessions
from agents_worker.mcp.wire import CALL, LISTING
from agents_worker.messages import McpToolCall, ToolResult

_log = logging.getLogger("agents_worker.mcp")
_CONNECT_FIELD = "spec.connectTimeout"
_DOUBT = "It may or may not have taken effect: find out before you call it again"
_ARGUMENTS = TypeAdapter(dict[str, object])
_RESULT = TypeAdapter[CallToolResult | InputRequiredResult](CallToolResult | InputRequiredResult)


class Servers:
    """The MCP servers that a worker is asked about."""

    def __init__(self, sessions: Sessions, listeners: Listeners) -> None:
        self._sessions = sessions
        self._listeners = listeners

    async def describe(self, question: DescribeMcpServerInput) -> McpCatalogue:
        """List everything that a server offers, and listen for changes; raises ServerFailed."""
        target = question.target
        async with self._sessions.open(target, LISTING) as session:
            session.ask("list its tools and prompts", target.connect_timeout, _CONNECT_FIELD)
            catalogue = await list_all(session.client, session.given)
            announces = announces_changes(session.client)
        # A process serves one session alone: by the time that its lists change, nobody listens.
        if announces and not isinstance(target.transport, StdioTransport):
            self._listeners.listen(question)
        return catalogue

    async def get_prompt(self, question: GetMcpPromptInput) -> McpText:
        """Read a prompt as text; raises ServerFailed, with PromptNotFound where the server refuses it."""
        target = question.target
        async with self._sessions.open(target, LISTING) as session:
            session.ask(f"give its prompt {question.prompt}", target.connect_timeout, _CONNECT_FIELD)
            text = session.given.mask(prompt_text(await _prompt(session.client, question)))
            if not 0 < len(text) <= INSTRUCTIONS_LIMIT:
                raise ServerFailed(
                    Reason.SERVER_ERROR,
                    f"The prompt {question.prompt} has {len(text)} characters: instructions have between 1 "
                    f"and {INSTRUCTIONS_LIMIT}",
                )
        return McpText(text=text)

    async def call_tool(self, call: McpToolCall) -> ToolResult:
        """Call a tool and return a text for the model, however it ends."""
        try:
            arguments = _ARGUMENTS.validate_json(call.arguments.strip() or "{}")
        except ValidationError:
            text = f"{call.name} was not called, its arguments are invalid: they are no JSON object"
            return ToolResult(text=text, failed="InvalidArguments")
        target, sent = call.target, False
        try:
            async with self._sessions.open(target, CALL, traceparent=call.traceparent) as session:
                session.ask(f"answer the call of {call.tool}", target.call_timeout, "spec.callTimeout")
                sent = True
                said = _said(call, await _call(session.client, call, arguments))
                result = said.model_copy(update={"text": session.given.mask(said.text)})
        except ServerFailed as failed:
            doubt = f". {_DOUBT}" if sent and not failed.refused else ""
            return ToolResult(text=f"{call.name} failed: {failed.message}{doubt}", failed=failed.reason)
        return result

    async def close(self) -> None:
        """Listen no more."""
        await self._listeners.close()


def servers(
    secrets_dir: Path, stdio_commands: Collection[str], tell: Callable[[McpServerChanged], Awaitable[None]]
) -> Servers:
    """Put together what a worker needs for MCP servers; `tell` is told whose lists have changed."""
    sessions = Sessions(secrets_dir, stdio_commands)
    return Servers(sessions, Listeners(sessions, tell))


async def _prompt(client: Client, question: GetMcpPromptInput) -> GetPromptResult:
    try:
        return await client.get_prompt(question.prompt, question.arguments)
    except MCPError as error:
        if not is_of_server(error):
            raise
        raise ServerFailed(
            Reason.PROMPT_NOT_FOUND,
            f"The server does not give its prompt {question.prompt}: {error.message}",
            refused=True,
        ) from None


def _said(call: McpToolCall, answer: CallToolResult | InputRequiredResult) -> ToolResult:
    match answer:
        case CallToolResult():
            text = result_text(call.name, answer)
            return ToolResult(text=text, failed="ToolError" if answer.is_error else "")
        case InputRequiredResult():
            text = f"{call.name} failed: it asks for input in the middle of a call, which agents cannot give"
            return ToolResult(text=text, failed="InputRequired")


async def _call(
    client: Client, call: McpToolCall, arguments: dict[str, object]
) -> CallToolResult | InputRequiredResult:
    """Send the call.

    Not by the client's own method: once the tool has run it would list the tools to check the structured
    content, and throw the result away where that fails.
    """
    meta = {"traceparent": call.traceparent} if call.traceparent else {}
    request = CallToolRequest(
        params=CallToolRequestParams.model_validate(
            {"name": call.tool, "arguments": arguments, "_meta": meta}
        )
    )

    async def note(progress: float, total: float | None, message: str | None) -> None:
        _log.debug("%s of MCPServer %s: %s of %s %s", call.tool, call.target.server, progress, total, message)

    async def send() -> CallToolResult | InputRequiredResult:
        return await client.session.send_request(request, _RESULT, progress_callback=note)

    try:
        return await send()
    except MCPError as error:
        if error.code != HEADER_MISMATCH:
            raise
        # Refused, since it wants some of the arguments as headers too: its list says which.
        await relist_tools(client)
        return await send()
