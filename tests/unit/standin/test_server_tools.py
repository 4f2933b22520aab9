"""Tools of the server run within one answer, and what they find comes through in all its places."""

import json
import secrets
from typing import Any

import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.control import StandIn
from tests.standin.world import Connector, ConnectorFunction, Fact
from tests.unit.standin.samples import (
    CODE,
    DICE,
    MODEL,
    WEB_SEARCH,
    calls_of,
    executions_of,
    findings_of,
    function_tool,
    result,
    types_of,
    words_of,
)


@pytest.fixture
def token() -> str:
    return secrets.token_hex(6)


def start(mistral: Mistral, text: str, *tools: Any, **request: Any) -> models.ConversationResponse:
    """Ask an agent that has these tools."""
    agent = mistral.beta.agents.create(model=MODEL, name="a", tools=list(tools))
    return mistral.beta.conversations.start(agent_id=agent.id, inputs=text, **request)


def info_of(response: models.ConversationResponse) -> dict[str, Any]:
    (execution,) = executions_of(response)
    assert execution.info is not None
    return execution.info


@pytest.mark.parametrize("tool", ["web_search", "web_search_premium"])
def test_a_web_search_is_an_execution_and_a_message_that_cites(
    mistral: Mistral, standin: StandIn, token: str, tool: str
) -> None:
    answered = start(mistral, f"Search the web for {token}", {"type": tool})
    assert types_of(answered.outputs) == ["tool.execution", "message.output"]
    (execution,) = executions_of(answered)
    assert (execution.name, json.loads(execution.arguments)) == (
        tool,
        {"query": f"Search the web for {token}"},
    )
    assert (execution.id or "").startswith("tool_exec_")
    assert execution.completed_at is not None
    assert token in json.dumps(execution.info)
    (reference,) = findings_of(answered)
    assert isinstance(reference, models.ToolReferenceChunk)
    assert reference.tool == tool
    assert token in reference.title
    assert token in str(reference.url)
    assert token in words_of(answered)
    assert standin.counters().conversations[answered.conversation_id].executions == {tool: 1}
    assert standin.counters().executions == 1


def test_usage_counts_what_the_tools_brought_in_beside_the_model(mistral: Mistral) -> None:
    usage = start(mistral, "Search the web for otters", {"type": "web_search"}).usage
    assert usage.connectors == {"web_search": 1}
    assert usage.connector_tokens
    assert usage.total_tokens == (
        (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) + usage.connector_tokens
    )
    without = start(mistral, "Hello", {"type": "web_search"}).usage
    assert (without.connector_tokens, without.connectors) == (None, None)


def test_a_planted_page_is_found_by_its_words(mistral: Mistral, standin: StandIn, token: str) -> None:
    standin.add_fact(
        Fact(
            words="zorbium price",
            title="Zorbium today",
            url="https://zorbium.example/price",
            text=f"Zorbium costs {token} euros.",
            description="All about zorbium",
        )
    )
    answered = start(mistral, "What does zorbium cost, what is its price?", {"type": "web_search"})
    (reference,) = findings_of(answered)
    assert reference == models.ToolReferenceChunk(
        tool="web_search",
        title="Zorbium today",
        url="https://zorbium.example/price",
        description="All about zorbium",
        favicon=None,
    )
    assert token in words_of(answered)
    assert token in json.dumps(info_of(answered))
    assert executions_of(start(mistral, "What does gold cost?", {"type": "web_search"})) == []
    standin.forget_world()
    assert executions_of(start(mistral, "The zorbium price?", {"type": "web_search"})) == []


def test_code_is_computed_and_its_output_is_in_the_answer(mistral: Mistral) -> None:
    one, other = secrets.randbelow(10**6) + 1, secrets.randbelow(10**6) + 1
    answered = start(mistral, f"What is {one} * {other}?", {"type": "code_interpreter"})
    info = info_of(answered)
    assert info["code"] == f"{one} * {other}"
    assert info["code_output"] == f"{one * other}\n"
    assert info["result"] == [{"type": "text", "text": f"{one * other}\n"}]
    assert str(one * other) in words_of(answered)
    assert answered.usage.connectors == {"code_interpreter": 1}


def test_code_without_arithmetic_prints_what_was_asked(mistral: Mistral, token: str) -> None:
    answered = start(mistral, f"Run a program about {token}", {"type": "code_interpreter"})
    assert token in info_of(answered)["code_output"]


def test_an_image_comes_as_a_file(mistral: Mistral, token: str) -> None:
    answered = start(mistral, f"Draw a picture of {token}", {"type": "image_generation"})
    (file,) = findings_of(answered)
    assert isinstance(file, models.ToolFileChunk)
    assert (file.tool, file.file_name, file.file_type) == ("image_generation", "image_generated_0", "png")
    assert info_of(answered)["files"][0]["file_id"] == file.file_id
    again = start(mistral, f"Draw a picture of {token}", {"type": "image_generation"})
    assert findings_of(again)[0] != file
    assert token in words_of(answered)


def test_a_document_is_found_in_the_libraries_that_the_agent_has(
    mistral: Mistral, standin: StandIn, token: str
) -> None:
    for library_id in ("lib-1", "lib-2"):
        text = f"{library_id} grants {token} days."
        standin.add_fact(Fact(words="holiday", title=f"{library_id}.pdf", text=text, library_id=library_id))
    asked = "How many days of holiday do I have?"
    answered = start(mistral, asked, {"type": "document_library", "library_ids": ["lib-2"]})
    (reference,) = findings_of(answered)
    assert isinstance(reference, models.ToolReferenceChunk)
    assert (reference.tool, reference.title) == ("document_library", "lib-2.pdf")
    assert f"lib-2 grants {token} days." in words_of(answered)
    assert executions_of(start(mistral, asked, {"type": "web_search"})) == []


def test_a_library_answers_a_search_although_nothing_was_planted(mistral: Mistral, token: str) -> None:
    tool = {"type": "document_library", "library_ids": ["lib-1"]}
    answered = start(mistral, f"Search the documents for {token}", tool)
    (reference,) = findings_of(answered)
    assert isinstance(reference, models.ToolReferenceChunk)
    assert token in reference.title
    assert "lib-1" in str(reference.url)


def test_a_connector_runs_its_functions_and_is_counted_by_name(
    mistral: Mistral, standin: StandIn, token: str
) -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    }
    functions = (
        ConnectorFunction(name="find_hotels", description="Hotels of a city.", parameters=schema),
        ConnectorFunction(name="find_trains", description="Trains to a city.", result=f"platform {token}"),
    )
    standin.add_connector(Connector(id="travel", functions=functions))
    tool = {"type": "connector", "connector_id": "travel"}
    answered = start(mistral, "Find hotels in Oslo and find trains to Oslo", tool)
    hotels, trains = executions_of(answered)
    assert {hotels.name, trains.name} == {"travel"}
    assert json.loads(hotels.arguments) == {"city": "Oslo"}
    assert token in words_of(answered)
    assert answered.usage.connectors == {"travel": 2}
    assert answered.usage.connector_tokens
    excluding = {**tool, "tool_configuration": {"exclude": ["find_hotels"]}}
    assert len(executions_of(start(mistral, "Find hotels and find trains to Oslo", excluding))) == 1
    including = {**tool, "tool_configuration": {"include": ["find_hotels"]}}
    assert len(executions_of(start(mistral, "Find hotels and find trains to Oslo", including))) == 1


def test_a_connector_that_nobody_planted_echoes(mistral: Mistral, token: str) -> None:
    answered = start(mistral, f"Ask wiki about {token}", {"type": "connector", "connector_id": "wiki"})
    (execution,) = executions_of(answered)
    assert execution.name == "wiki"
    assert token in execution.arguments
    assert token in words_of(answered)


def test_a_tool_of_the_server_and_a_function_of_ours_share_a_turn(mistral: Mistral, token: str) -> None:
    tools = ({"type": "web_search"}, function_tool(DICE))
    started = start(mistral, f"Search the web for {token} and roll the dice", *tools)
    assert types_of(started.outputs) == ["tool.execution", "function.call"]
    (call,) = calls_of(started)
    answered = mistral.beta.conversations.append(
        conversation_id=started.conversation_id, inputs=[result(call.tool_call_id, "5")]
    )
    assert types_of(answered.outputs) == ["message.output"]
    assert token in words_of(answered)
    assert "returned 5" in words_of(answered)
    assert len(findings_of(answered)) == 1


def test_a_later_step_runs_after_the_first_within_one_answer(mistral: Mistral, token: str) -> None:
    tools = ({"type": "web_search"}, {"type": "code_interpreter"})
    answered = start(mistral, f"Search the web for {token}, then compute 6 * 7", *tools)
    assert types_of(answered.outputs) == ["tool.execution", "tool.execution", "message.output"]
    assert "returned 42" in words_of(answered)


def test_a_request_for_several_tools_is_divided_among_them(mistral: Mistral, token: str) -> None:
    tools = [{"type": name} for name in ("web_search", "code_interpreter", "image_generation")]
    answered = start(
        mistral, f"Search the web for {token}, compute 17 * 23 and draw a picture of a cat", *tools
    )
    search, code, image = executions_of(answered)
    assert token in search.arguments
    assert token not in image.arguments
    assert json.loads(code.arguments) == {"code": "17 * 23"}
    assert types_of(findings_of(answered)) == ["tool_reference", "tool_file"]
    assert answered.usage.connectors == {"web_search": 1, "code_interpreter": 1, "image_generation": 1}


def test_a_schema_makes_the_answer_json_although_a_tool_ran(mistral: Mistral) -> None:
    schema = {"type": "object", "properties": {"value": {"type": "number"}}, "required": ["value"]}
    form = {"type": "json_schema", "json_schema": {"name": "value", "schema": schema}}
    agent = mistral.beta.agents.create(
        model=MODEL,
        name="a",
        tools=[CODE],
        completion_args=models.CompletionArgs(response_format=models.ResponseFormat.model_validate(form)),
    )
    answered = mistral.beta.conversations.start(agent_id=agent.id, inputs="Compute 12 * 12")
    assert json.loads(words_of(answered)) == {"value": 144}


def test_a_request_for_nothing_of_the_kind_runs_nothing(mistral: Mistral) -> None:
    tools = ({"type": "web_search"}, {"type": "code_interpreter"}, {"type": "image_generation"})
    assert types_of(start(mistral, "Hello, how are you?", *tools).outputs) == ["message.output"]


def test_a_configuration_either_includes_or_excludes(mistral: Mistral) -> None:
    configuration = {"include": ["a"], "exclude": ["b"]}
    with pytest.raises(errors.HTTPValidationError):
        start(mistral, "hi", {"type": "web_search", "tool_configuration": configuration})


def test_a_conversation_without_an_agent_has_tools_of_the_server(mistral: Mistral, token: str) -> None:
    answered = mistral.beta.conversations.start(
        model=MODEL, inputs=f"Search the web for {token}", tools=[WEB_SEARCH]
    )
    assert len(findings_of(answered)) == 1
