"""What a server lists: all pages of it, within what a status can hold."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from mcp import Client
from mcp_types import Prompt, Tool
from pydantic_core import to_json

from agents_crds.contract.answers import answer_value
from agents_crds.contract.mcp import McpCatalogue, McpPrompt, McpPromptArgument, McpTool, is_deeper
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from agents_crds.v1alpha1.mcpserver import (
    MCP_LISTS_LIMIT,
    MCP_PROMPT_LIMIT,
    MCP_SCHEMA_LEVELS,
    MCP_TOOL_LIMIT,
)
from agents_worker.mcp.failed import ServerFailed
from agents_worker.mcp.given import Given

_PAGES = 100
_SHOWN = 64
_NAME, _VERSION, _PROTOCOL = 256, 256, 64
_TOOL_DESCRIPTION, _DESCRIPTION, _ARGUMENTS = 4096, 1024, 32

Page = TypeVar("Page", bound="_Page")


class _Page(Protocol):
    next_cursor: str | None


class _Named(Protocol):
    name: str


N = TypeVar("N", bound=_Named)


async def list_all(client: Client, given: Given) -> McpCatalogue:
    """List tools and prompts, where the server has any; raises ServerFailed with ListTooLarge."""
    offers, info = client.server_capabilities, client.server_info
    tools, prompts = [], []
    if offers.tools:
        async for page in _pages(lambda cursor: client.list_tools(cursor=cursor)):
            tools += page.tools
            _check_count(tools, MCP_TOOL_LIMIT, "tools")
    if offers.prompts:
        async for listed in _pages(lambda cursor: client.list_prompts(cursor=cursor)):
            prompts += listed.prompts
            _check_count(prompts, MCP_PROMPT_LIMIT, "prompts")
    left_out: list[str] = []
    catalogue = McpCatalogue(
        server_name=info.name[:_NAME] if info else "",
        server_version=info.version[:_VERSION] if info else "",
        protocol_version=client.protocol_version[:_PROTOCOL],
        tools=tuple(_tool(tool) for tool in _usable("tool", tools, _tool_fault, left_out)),
        prompts=tuple(_prompt(prompt) for prompt in _usable("prompt", prompts, _prompt_fault, left_out)),
        left_out=tuple(left_out),
    )
    masked = McpCatalogue.model_validate(given.mask_texts(catalogue.model_dump(mode="json")))
    if len(masked.model_dump_json()) > MCP_LISTS_LIMIT:
        raise ServerFailed(
            Reason.LIST_TOO_LARGE,
            f"The server's lists are larger than the {MCP_LISTS_LIMIT // 1000} KB that a status can hold: "
            "have it list less",
        )
    return masked


async def relist_tools(client: Client) -> None:
    """List the tools, so that the client knows which arguments a server wants as headers."""
    async for _ in _pages(lambda cursor: client.list_tools(cursor=cursor)):
        pass


async def _pages(fetch: Callable[[str | None], Awaitable[Page]]) -> AsyncIterator[Page]:
    cursor, seen = None, set[str]()
    while True:
        page = await fetch(cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return
        if cursor in seen:
            raise ServerFailed(Reason.SERVER_ERROR, "The server lists the same page again and again")
        seen.add(cursor)
        if len(seen) >= _PAGES:
            raise ServerFailed(
                Reason.LIST_TOO_LARGE, f"The server lists more than {_PAGES} pages: have it list less"
            )


def _check_count(listed: list[Tool] | list[Prompt], limit: int, what: str) -> None:
    if len(listed) > limit:
        raise ServerFailed(
            Reason.LIST_TOO_LARGE,
            f"The server lists more than the {limit} {what} that a status can hold: have it list less",
        )


def _usable(
    what: str, listed: Iterable[N], fault_of: Callable[[N], str | None], left_out: list[str]
) -> Iterable[N]:
    """Pass on what can be used, and note the rest in `left_out`."""
    names = set[str]()
    for each in listed:
        fault = "its name is there twice" if each.name in names else fault_of(each)
        if not 0 < len(each.name) <= _NAME:
            fault = f"its name has not between 1 and {_NAME} characters"
        if fault:
            left_out.append(f"{what} {each.name[:_SHOWN]!r} ({fault})")
            continue
        names.add(each.name)
        yield each


def _tool_fault(tool: Tool) -> str | None:
    if tool.input_schema.get("type", "object") != "object":
        return "its inputSchema is of no object"
    if is_deeper(tool.input_schema, MCP_SCHEMA_LEVELS):
        return f"its inputSchema is nested deeper than {MCP_SCHEMA_LEVELS} levels"
    try:
        answer_value(to_json(tool.input_schema).decode())
    except ValueError as error:
        return f"its inputSchema cannot be stored: {error}"
    return None


def _prompt_fault(prompt: Prompt) -> str | None:
    arguments = prompt.arguments or []
    if len(arguments) > _ARGUMENTS or any(len(argument.name) > _NAME for argument in arguments):
        return f"it has more than {_ARGUMENTS} arguments, or one whose name is too long"
    return None


def _tool(tool: Tool) -> McpTool:
    hints = tool.annotations
    return McpTool(
        name=tool.name,
        description=(tool.description or tool.title or "")[:_TOOL_DESCRIPTION],
        # Some leave out what MCP demands, and models refuse a schema without it.
        input_schema=JsonSchema({"type": "object", **tool.input_schema}),
        idempotent=bool(hints and (hints.idempotent_hint or hints.read_only_hint)),
    )


def _prompt(prompt: Prompt) -> McpPrompt:
    return McpPrompt(
        name=prompt.name,
        description=(prompt.description or prompt.title or "")[:_DESCRIPTION],
        arguments=tuple(
            McpPromptArgument(
                name=argument.name,
                description=(argument.description or "")[:_DESCRIPTION],
                required=bool(argument.required),
            )
            for argument in prompt.arguments or ()
        ),
    )
