"""The status of an MCPServer; pure."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from agents_crds.contract.answers import answer_value
from agents_crds.contract.mcp import McpCatalogue, McpPrompt, McpTool, is_deeper
from agents_crds.v1alpha1 import ConditionType, MCPServer, MCPServerStatus, Reason
from agents_crds.v1alpha1.fields import JsonSchema, utc
from agents_crds.v1alpha1.mcpserver import (
    MCP_LISTS_LIMIT,
    MCP_PROMPT_LIMIT,
    MCP_SCHEMA_LEVELS,
    MCP_TOOL_LIMIT,
    ListedArgument,
    ListedPrompt,
    ListedTool,
    ServerInfo,
)
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.engine.invalid import describe
from agents_operator.errors import Waiting
from agents_operator.shown import shown

TOOL_TEXT = 4096
OTHER_TEXT = 1024
NAME_TEXT = 256
_NAMED_OMISSIONS = 3

Offered = TypeVar("Offered", McpTool, McpPrompt)
Listed = TypeVar("Listed", ListedTool, ListedPrompt)


def listed_status(server: MCPServer, catalogue: McpCatalogue, *, now: datetime) -> MCPServerStatus:
    """Say what the server offers; raise Waiting when that is more than a status can hold."""
    tools, no_tools = _fitting(catalogue.tools, "tool", _listed_tool)
    prompts, no_prompts = _fitting(catalogue.prompts, "prompt", _listed_prompt)
    _require_room(server, tools, prompts)
    generation = server.metadata.generation
    offer = f"{_count(tools, 'tool')} and {_count(prompts, 'prompt')}"
    ready = condition(
        ConditionType.READY,
        "True",
        Reason.AVAILABLE,
        offer + _omitted([*catalogue.left_out, *no_tools, *no_prompts]),
        generation=generation,
        now=now,
    )
    return MCPServerStatus(
        observed_generation=generation,
        server=ServerInfo(
            name=shown(catalogue.server_name)[:NAME_TEXT],
            version=shown(catalogue.server_version)[:NAME_TEXT],
            protocol_version=shown(catalogue.protocol_version)[:64],
        ),
        tools=tools,
        prompts=prompts,
        tool_count=len(tools),
        prompt_count=len(prompts),
        refresh_time=utc(now),
        conditions=with_conditions(server.status.conditions, ready),
    )


def _fitting(
    offered: Iterable[Offered], what: str, listed: Callable[[Offered], Listed]
) -> tuple[tuple[Listed, ...], list[str]]:
    """Take what fits into a status, and say what does not: one bad entry does not cost the others."""
    taken: dict[str, Listed] = {}
    omitted: list[str] = []
    for each in offered:
        called = f"{what} {each.name[:64]!r}"
        if each.name in taken:
            omitted.append(f"a second {called}")
            continue
        try:
            _require_shown(each)
            taken[each.name] = listed(each)
        except ValidationError as error:
            omitted.append(f"{called} ({describe(error)})")
        except ValueError as error:
            omitted.append(f"{called} ({error})")
    return tuple(taken.values()), omitted


def _require_shown(offered: McpTool | McpPrompt) -> None:
    """Raise ValueError where a name, which is sent as it is, would not be seen as it is."""
    arguments = offered.arguments if isinstance(offered, McpPrompt) else ()
    for name in (offered.name, *(argument.name for argument in arguments)):
        if name != shown(name):
            raise ValueError(f"{name[:64]!r} has characters that cannot be shown")


def _listed_tool(tool: McpTool) -> ListedTool:
    # What the API server would refuse would cost the whole list.
    answer_value(json.dumps(tool.input_schema))
    if is_deeper(tool.input_schema, MCP_SCHEMA_LEVELS):
        raise ValueError(f"its inputSchema is nested deeper than {MCP_SCHEMA_LEVELS} levels")
    return ListedTool(
        name=tool.name,
        description=shown(tool.description)[:TOOL_TEXT],
        input_schema=JsonSchema(shown(tool.input_schema)),
        idempotent=tool.idempotent,
    )


def _listed_prompt(prompt: McpPrompt) -> ListedPrompt:
    return ListedPrompt(
        name=prompt.name,
        description=shown(prompt.description)[:OTHER_TEXT],
        arguments=tuple(
            ListedArgument(
                name=argument.name,
                description=shown(argument.description)[:OTHER_TEXT],
                required=argument.required,
            )
            for argument in prompt.arguments
        ),
    )


def lists_size(tools: Iterable[ListedTool], prompts: Iterable[ListedPrompt]) -> int:
    """Return the bytes of lists as JSON."""
    return sum(len(json.dumps(each.manifest())) for each in (*tools, *prompts))


def _require_room(
    server: MCPServer, tools: tuple[ListedTool, ...], prompts: tuple[ListedPrompt, ...]
) -> None:
    size = lists_size(tools, prompts)
    if len(tools) > MCP_TOOL_LIMIT or len(prompts) > MCP_PROMPT_LIMIT or size > MCP_LISTS_LIMIT:
        raise Waiting(
            Reason.LIST_TOO_LARGE,
            f"the server lists {_count(tools, 'tool')} and {_count(prompts, 'prompt')} of {size} bytes, "
            f"and a status holds {MCP_TOOL_LIMIT}, {MCP_PROMPT_LIMIT} and {MCP_LISTS_LIMIT}: "
            "let it offer less, as by several servers",
            after=server.spec.interval,
        )


def _count(listed: tuple[object, ...], what: str) -> str:
    return f"{len(listed)} {what}{'' if len(listed) == 1 else 's'}"


def _omitted(omitted: list[str]) -> str:
    if not omitted:
        return ""
    rest = len(omitted) - _NAMED_OMISSIONS
    more = f" and {rest} more" if rest > 0 else ""
    return f"; left out: {', '.join(omitted[:_NAMED_OMISSIONS])}{more}"
