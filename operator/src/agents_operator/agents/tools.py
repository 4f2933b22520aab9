"""Which tools the model is given for the entries of `spec.tools`; pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agents_crds.contract.asking import ASK_USER_TOOL
from agents_crds.contract.names import ASK_USER, handoff_tool_name, mcp_tool_name
from agents_crds.v1alpha1 import AgentSpec, ConditionType, MCPServer, Reason, ToolDescription
from agents_crds.v1alpha1.tools import (
    BuiltinTool,
    ConnectorTool,
    DocumentLibraryTool,
    FunctionTool,
    McpTools,
    Tool,
)
from agents_operator.agents.standing import Shortfall
from agents_operator.errors import Stalled
from agents_operator.mcpservers.selection import selected_tools
from agents_operator.mistral import FunctionDefinition, ProviderTool, ToolConfiguration, ToolDefinition

TOOL_LIMIT = 128
"""Most tools of one remote agent; https://docs.mistral.ai/api."""

ASKING = FunctionDefinition(
    name=ASK_USER_TOOL.name, description=ASK_USER_TOOL.description, parameters=ASK_USER_TOOL.parameters
)
"""The tool by which the model asks a person."""
_ASKING_PLACE = "spec.limits.waitForInput"


@dataclass(frozen=True)
class PlacedTool:
    """A tool of the remote agent, and the entry of the spec that asks for it."""

    place: str
    definition: ToolDefinition


def tool_place(index: int) -> str:
    """Name an entry of the spec."""
    return f"spec.tools[{index}]"


def expanded_tools(
    spec: AgentSpec, functions: Mapping[str, ToolDescription], servers: Mapping[str, MCPServer]
) -> tuple[PlacedTool, ...]:
    """List the tools in the spec's order, those of an MCP server by their names, and last the one to ask.

    `functions` and `servers` hold all that the spec names. A server that lists its tools in another order
    each time makes no new version of the remote agent.
    """
    expanded = tuple(
        PlacedTool(place, definition)
        for index, tool in enumerate(spec.tools)
        for place, definition in _expanded(tool_place(index), tool, functions, servers)
    )
    return (*expanded, PlacedTool(_ASKING_PLACE, ASKING)) if spec.limits.wait_for_input else expanded


def served_tools(spec: AgentSpec, tools: tuple[PlacedTool, ...]) -> tuple[PlacedTool, ...]:
    """Leave out what the session has not: a Local one only calls functions."""
    return tuple(tool for tool in tools if _is_served(spec, tool))


def dropped_tools(spec: AgentSpec, tools: tuple[PlacedTool, ...]) -> tuple[Shortfall, ...]:
    """Say which tools the session has not."""
    dropped = [f"{tool.place} ({tool_name(tool.definition)})" for tool in tools if not _is_served(spec, tool)]
    if not dropped:
        return ()
    return (
        Shortfall(
            Reason.TOOLS_DROPPED,
            f"a Local session has no tools that the provider runs itself: {', '.join(dropped)} "
            f"{'is' if len(dropped) == 1 else 'are'} left out; remove them, or set spec.session to Remote",
        ),
    )


def _is_served(spec: AgentSpec, tool: PlacedTool) -> bool:
    return spec.session == "Remote" or isinstance(tool.definition, FunctionDefinition)


def require_distinct_tools(spec: AgentSpec) -> None:
    """Raise Stalled when two tools of the spec's own have one name; an MCP server's are another matter."""
    own = (
        (tool_place(index), name)
        for index, tool in enumerate(spec.tools)
        if (name := _own_name(tool)) is not None
    )
    asking = [(_ASKING_PLACE, ASK_USER)] if spec.limits.wait_for_input else []
    _require_distinct([*own, *asking, *handoff_tools(spec)])


def handoff_tools(spec: AgentSpec) -> tuple[tuple[str, str], ...]:
    """Name the tools by which a model of a Local session hands off, each with its place in the spec."""
    if spec.session == "Remote":
        return ()
    names = {handoff.agent_ref.name: index for index, handoff in enumerate(spec.handoffs)}
    return tuple((f"spec.handoffs[{index}]", handoff_tool_name(name)) for name, index in names.items())


def require_sound_tools(tools: tuple[PlacedTool, ...], handoffs: tuple[tuple[str, str], ...] = ()) -> None:
    """Raise Stalled when the model could not tell two tools apart, or gets more than the provider takes."""
    named = [*((tool.place, tool_name(tool.definition)) for tool in tools), *handoffs]
    _require_distinct(named)
    if len(named) <= TOOL_LIMIT:
        return
    ((largest, count),) = Counter(place for place, _ in named).most_common(1)
    raise Stalled(
        Reason.TOO_MANY_TOOLS,
        f"spec.tools comes to {len(named)} tools, those for handoffs and to ask people included, and an "
        f"agent can have {TOOL_LIMIT}: {largest} alone gives {count}; choose among them by its include or "
        "exclude",
        condition=ConditionType.ACCEPTED,
    )


def tool_name(tool: ToolDefinition) -> str:
    """Return what a tool is called, or told apart from others by."""
    match tool:
        case FunctionDefinition(name=name):
            return name
        case ProviderTool(connector_id=str(connector)):
            return f"connector {connector}"
        case ProviderTool(type=type_):
            return type_


def _require_distinct(named: Iterable[tuple[str, str]]) -> None:
    """Raise Stalled when a name comes at two places."""
    seen: dict[str, str] = {}
    for place, name in named:
        first = seen.setdefault(name, place)
        if first != place:
            raise Stalled(
                Reason.DUPLICATE_TOOL,
                f"{first} and {place} are both named {name}: remove one of them",
                condition=ConditionType.ACCEPTED,
            )


def _expanded(
    place: str, tool: Tool, functions: Mapping[str, ToolDescription], servers: Mapping[str, MCPServer]
) -> Iterator[tuple[str, ToolDefinition]]:
    match tool:
        case Tool(function=FunctionTool(name=name)):
            found = functions[name]
            yield (
                place,
                FunctionDefinition(
                    name=found.name, description=found.description, parameters=found.parameters
                ),
            )
        case Tool(mcp=McpTools() as wanted):
            server = servers[wanted.server_ref.name]
            of_server = f"{place} (MCPServer {server.metadata.name})"
            for listed in sorted(selected_tools(wanted, server), key=lambda listed: listed.name):
                name = mcp_tool_name(server.metadata.name, listed.name)
                yield (
                    of_server,
                    FunctionDefinition(
                        name=name, description=listed.description, parameters=listed.input_schema
                    ),
                )
        case _ if provided := _provider_tool(tool):
            yield place, provided
        case _:
            raise ValueError("a tool is one of its five kinds")


def _own_name(tool: Tool) -> str | None:
    """Return the name that an entry gives to its tool; None for those of an MCP server."""
    if tool.function is not None:
        return tool.function.name
    provided = _provider_tool(tool)
    return None if provided is None else tool_name(provided)


def _provider_tool(tool: Tool) -> ProviderTool | None:
    match tool:
        case Tool(builtin=BuiltinTool(type=type_)):
            return ProviderTool(type=type_)
        case Tool(document_library=DocumentLibraryTool(ids=ids)):
            return ProviderTool(type="document_library", library_ids=ids)
        case Tool(connector=ConnectorTool(id=id_) as connector):
            configuration = _configuration(connector)
            return ProviderTool(type="connector", connector_id=id_, tool_configuration=configuration)
        case _:
            return None


def _configuration(connector: ConnectorTool) -> ToolConfiguration | None:
    if connector.include is None and connector.exclude is None:
        return None
    return ToolConfiguration(include=connector.include, exclude=connector.exclude)
