import pytest
from pydantic import JsonValue

from agents_crds.contract.mcp import McpCatalogue, McpPrompt, McpPromptArgument, McpTool
from agents_crds.v1alpha1 import MCPServerStatus, Reason
from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.errors import Waiting
from agents_operator.mcpservers.status import listed_status
from tests.unit.operator.objects import NOW, condition, mcp_server

OBJECT: dict[str, JsonValue] = {"type": "object"}


def tool(name: str, description: str = "", schema: dict[str, JsonValue] = OBJECT) -> McpTool:
    return McpTool(name=name, description=description, input_schema=JsonSchema(schema))


def nested(levels: int) -> dict[str, JsonValue]:
    """A schema of so many levels."""
    return {"not": nested(levels - 1)} if levels > 1 else {}


def status(*tools: McpTool, prompts: tuple[McpPrompt, ...] = ()) -> MCPServerStatus:
    server = mcp_server(status={"conditions": [condition("Ready", "False", "ServerUnreachable")]})
    catalogue = McpCatalogue(
        server_name="Maps" * 100, server_version="1.2", protocol_version="x", tools=tools, prompts=prompts
    )
    return listed_status(server, catalogue, now=NOW)


def message(of: MCPServerStatus) -> str:
    (ready,) = of.conditions
    assert (ready.status, ready.reason) == ("True", "Available")
    return ready.message


def test_status_has_what_the_server_offers_and_when_it_said_so() -> None:
    argument = McpPromptArgument(name="city", description="Where.", required=True)
    found = status(tool("find", "Finds."), prompts=(McpPrompt(name="guide", arguments=(argument,)),))
    assert message(found) == "1 tool and 1 prompt"
    assert (found.tool_count, found.prompt_count, found.refresh_time) == (1, 1, NOW)
    assert found.server is not None
    assert (found.server.version, len(found.server.name)) == ("1.2", 256)
    assert [(each.name, each.description, each.input_schema) for each in found.tools] == [
        ("find", "Finds.", OBJECT)
    ]
    assert [(each.name, each.required) for each in found.prompts[0].arguments] == [("city", True)]


def test_server_without_anything_is_ready() -> None:
    assert message(status()) == "0 tools and 0 prompts"


def test_of_two_tools_of_one_name_the_first_is_kept_and_the_message_says_so() -> None:
    found = status(tool("find", "one"), tool("find", "two"))
    assert [each.description for each in found.tools] == ["one"]
    assert message(found) == "1 tool and 0 prompts; left out: a second tool 'find'"


def test_what_the_worker_left_out_is_told() -> None:
    catalogue = McpCatalogue(tools=(), prompts=(), left_out=("tool 'x' (its inputSchema is of no object)",))
    found = listed_status(mcp_server(), catalogue, now=NOW)
    assert message(found) == "0 tools and 0 prompts; left out: tool 'x' (its inputSchema is of no object)"


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (tool(""), "tool '' (name: "),
        (tool("x" * 257), f"tool '{'x' * 64}' (name: "),
        (tool("far", schema={"maximum": float("inf")}), "tool 'far' ("),
        (tool("many", schema={"maximum": 10**30}), "tool 'many' (a number is too large)"),
        (tool("by\x9b"), "tool 'by\\x9b' ('by\\x9b' has characters that cannot be shown)"),
        (tool("deep", schema=nested(65)), "tool 'deep' (its inputSchema is nested deeper than 64 levels)"),
    ],
    ids=["no name", "long name", "infinity", "large number", "unseen", "deep"],
)
def test_tool_that_does_not_fit_costs_no_other(bad: McpTool, why: str) -> None:
    found = status(bad, tool("find"))
    assert [each.name for each in found.tools] == ["find"]
    assert f"left out: {why}" in message(found)


def test_texts_of_a_server_are_stored_without_what_terminals_obey_and_people_do_not_see() -> None:
    said = "Finds\x1b[31m\n\tby\x7f name.\u202e\U000e0041"
    (found,) = status(tool("find", said, {"type": "object", "description": said})).tools
    assert [found.description, found.input_schema["description"]] == ["Finds[31m\n\tby name."] * 2


def test_schema_that_is_as_deep_as_can_be_is_kept() -> None:
    assert len(status(tool("deep", schema=nested(64))).tools) == 1


def test_of_many_that_do_not_fit_some_are_named() -> None:
    assert message(status(*[tool("find")] * 9)).endswith("a second tool 'find' and 5 more")


def test_long_description_is_cut() -> None:
    (found,) = status(tool("find", "x" * 10_000)).tools
    assert len(found.description) == 4096


@pytest.mark.parametrize(
    "tools",
    [
        tuple(tool(f"tool-{number}") for number in range(513)),
        tuple(tool(f"tool-{number}", schema={"x": "y" * 10_000}) for number in range(40)),
    ],
    ids=["many", "large"],
)
def test_more_than_a_status_holds_is_refused(tools: tuple[McpTool, ...]) -> None:
    with pytest.raises(
        Waiting, match=f"lists {len(tools)} tools and 0 prompts of .* let it offer less"
    ) as early:
        status(*tools)
    assert early.value.reason is Reason.LIST_TOO_LARGE
