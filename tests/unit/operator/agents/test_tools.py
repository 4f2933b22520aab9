"""Which tools the model is given for a spec."""

import pytest

from agents_crds.contract.names import mcp_tool_name
from agents_crds.v1alpha1 import MCPServer, MCPServerStatus, ObjectMeta, Reason
from agents_crds.v1alpha1.fields import JsonSchema
from agents_crds.v1alpha1.mcpserver import ListedTool, MCPServerSpec
from agents_operator.agents.tools import (
    TOOL_LIMIT,
    PlacedTool,
    expanded_tools,
    handoff_tools,
    require_distinct_tools,
    require_sound_tools,
    tool_name,
)
from agents_operator.errors import Stalled
from agents_operator.mistral import FunctionDefinition, ProviderTool, ToolConfiguration
from tests.unit.operator.agents.samples import RATE, agent

SCHEMA = JsonSchema({"type": "object", "properties": {"city": {"type": "string"}}})
FUNCTION: dict[str, object] = {"function": {"name": "get_rate"}}


def server(name: str, *tools: str) -> MCPServer:
    listed = tuple(ListedTool(name=tool, description=f"Does {tool}.", input_schema=SCHEMA) for tool in tools)
    return MCPServer(
        metadata=ObjectMeta(name=name, namespace="team-a", uid=name, generation=1, resource_version="1"),
        spec=MCPServerSpec.model_validate({"streamableHttp": {"url": f"http://{name}:8000/mcp"}}),
        status=MCPServerStatus(tools=listed),
    )


def mcp(name: str, **selection: object) -> dict[str, object]:
    return {"mcp": {"serverRef": {"name": name}, **selection}}


def expanded(*entries: dict[str, object], servers: tuple[MCPServer, ...] = ()) -> tuple[PlacedTool, ...]:
    return expanded_tools(
        agent(tools=list(entries)).spec,
        {"get_rate": RATE},
        {each.metadata.name: each for each in servers},
    )


def names(*entries: dict[str, object], servers: tuple[MCPServer, ...] = ()) -> list[str]:
    return [tool_name(tool.definition) for tool in expanded(*entries, servers=servers)]


def test_tools_come_in_the_order_of_the_spec_and_a_servers_by_their_names() -> None:
    maps = server("maps", "route", "find")
    assert names(mcp("maps"), FUNCTION, servers=(maps,)) == ["maps_find", "maps_route", "get_rate"]


def test_tool_of_a_server_says_what_the_server_lists() -> None:
    (tool,) = expanded(mcp("maps"), servers=(server("maps", "find"),))
    assert tool.definition == FunctionDefinition(
        name="maps_find", description="Does find.", parameters=SCHEMA
    )
    assert tool.place == "spec.tools[0] (MCPServer maps)"


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["maps_a", "maps_b", "maps_c"]),
        ({"include": ["c", "a"]}, ["maps_a", "maps_c"]),
        ({"exclude": ["b"]}, ["maps_a", "maps_c"]),
        ({"exclude": ["never"]}, ["maps_a", "maps_b", "maps_c"]),
    ],
)
def test_include_and_exclude_choose_among_a_servers_tools(
    selection: dict[str, object], expected: list[str]
) -> None:
    assert names(mcp("maps", **selection), servers=(server("maps", "b", "c", "a"),)) == expected


def test_tools_that_the_provider_runs_are_as_its_api_names_them() -> None:
    found = expanded(
        {"builtin": {"type": "web_search"}},
        {"documentLibrary": {"ids": ["lib-1", "lib-2"]}},
        {"connector": {"id": "gmail"}},
        {"connector": {"id": "drive", "exclude": ["delete"]}},
    )
    assert [tool.definition for tool in found] == [
        ProviderTool(type="web_search"),
        ProviderTool(type="document_library", library_ids=("lib-1", "lib-2")),
        ProviderTool(type="connector", connector_id="gmail"),
        ProviderTool(
            type="connector",
            connector_id="drive",
            tool_configuration=ToolConfiguration(exclude=("delete",)),
        ),
    ]


def test_equal_names_on_two_servers_are_told_apart() -> None:
    both = expanded(mcp("a"), mcp("b"), servers=(server("a", "find"), server("b", "find")))
    assert [tool_name(tool.definition) for tool in both] == ["a_find", "b_find"]
    require_sound_tools(both)


def test_name_that_is_too_long_for_a_model_is_cut_with_a_hash() -> None:
    (name,) = names(mcp("maps"), servers=(server("maps", "t" * 100),))
    assert name == mcp_tool_name("maps", "t" * 100)
    assert len(name) == 64


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ((FUNCTION, FUNCTION), r"spec.tools\[0\] and spec.tools\[1\] are both named get_rate"),
        (
            ({"builtin": {"type": "web_search"}}, FUNCTION, {"builtin": {"type": "web_search"}}),
            r"spec.tools\[0\] and spec.tools\[2\] are both named web_search",
        ),
        (
            ({"documentLibrary": {"ids": ["a"]}}, {"documentLibrary": {"ids": ["b"]}}),
            "both named document_library",
        ),
        (({"connector": {"id": "mail"}}, {"connector": {"id": "mail"}}), "both named connector mail"),
    ],
)
def test_own_tools_of_one_name_are_refused_with_both_places(
    entries: tuple[dict[str, object], ...], words: str
) -> None:
    with pytest.raises(Stalled, match=words) as raised:
        require_distinct_tools(agent(tools=list(entries)).spec)
    assert (raised.value.reason, raised.value.condition) == (Reason.DUPLICATE_TOOL, "Accepted")
    require_distinct_tools(agent(tools=[FUNCTION, mcp("a"), mcp("a")]).spec)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            expanded(FUNCTION, mcp("get"), servers=(server("get", "rate"),)),
            r"spec.tools\[0\] and spec.tools\[1\] \(MCPServer get\) are both named get_rate",
        ),
        (
            expanded(mcp("maps", include=["find"]), mcp("maps"), servers=(server("maps", "find", "go"),)),
            r"spec.tools\[0\] \(MCPServer maps\) and spec.tools\[1\] \(MCPServer maps\) are both named "
            "maps_find",
        ),
    ],
)
def test_tools_of_servers_that_clash_are_refused_with_both_places(
    found: tuple[PlacedTool, ...], words: str
) -> None:
    with pytest.raises(Stalled, match=words) as raised:
        require_sound_tools(found)
    assert raised.value.reason is Reason.DUPLICATE_TOOL


def test_more_tools_than_the_provider_takes_are_counted() -> None:
    many = server("many", *(f"t{number}" for number in range(129)))
    with pytest.raises(Stalled, match=r"comes to 130 tools.*128.*MCPServer many\) alone gives 129") as raised:
        require_sound_tools(expanded(FUNCTION, mcp("many"), servers=(many,)))
    assert (raised.value.reason, raised.value.condition) == (Reason.TOO_MANY_TOOLS, "Accepted")
    fitting = tuple(f"t{number}" for number in range(TOOL_LIMIT - 1))
    require_sound_tools(expanded(FUNCTION, mcp("many", include=list(fitting)), servers=(many,)))


def test_tool_to_ask_comes_last_where_the_model_may() -> None:
    spec = agent(tools=[FUNCTION], limits={"waitForInput": "1h"}).spec
    tools = expanded_tools(spec, {"get_rate": RATE}, {})
    assert [(tool.place, tool_name(tool.definition)) for tool in tools] == [
        ("spec.tools[0]", "get_rate"),
        ("spec.limits.waitForInput", "ask_user"),
    ]


def test_tool_of_a_server_that_is_named_as_the_one_to_ask_is_refused() -> None:
    spec = agent(tools=[mcp("ask")], limits={"waitForInput": "1h"}).spec
    tools = expanded_tools(spec, {}, {"ask": server("ask", "user")})
    with pytest.raises(
        Stalled, match=r"\(MCPServer ask\) and spec.limits.waitForInput are both named ask_user"
    ):
        require_sound_tools(tools)


def test_handoffs_of_a_local_session_are_tools_and_count_as_such() -> None:
    to = [{"agentRef": {"name": name}} for name in ("a", "b")]
    spec = agent(session="Local", handoffs=to).spec
    assert handoff_tools(spec) == (
        ("spec.handoffs[0]", "handoff_to_a"),
        ("spec.handoffs[1]", "handoff_to_b"),
    )
    assert handoff_tools(agent(handoffs=to).spec) == ()
    many = expanded(mcp("many"), servers=(server("many", *(f"t{number}" for number in range(127))),))
    with pytest.raises(Stalled, match="comes to 129 tools"):
        require_sound_tools(many, handoff_tools(spec))
    clash = expanded(mcp("handoff"), servers=(server("handoff", "to_b"),))
    with pytest.raises(Stalled, match="both named handoff_to_b"):
        require_sound_tools(clash, handoff_tools(spec))
