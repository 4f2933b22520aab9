"""Runs whose conversation the run itself keeps, over chat completions."""

import json

import pytest
from pydantic import JsonValue, TypeAdapter

from agents_crds.contract.entries import HandoffEntry, MessageEntry, TextContent, ToolCallEntry
from agents_crds.contract.names import handoff_tool_name
from agents_crds.contract.transcript import FunctionDefinition, ModelMessage, ResultMessage, SaidMessage
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedStep, ScriptedText, ScriptedTurn
from tests.workflows.bench import PROVIDER_QUEUE, Bench, loop_input
from tests.workflows.local_agents import PROTOCOLS, Protocol, local_agent, results_told
from tests.workflows.other_pool import OTHER_QUEUE, QUOTE, QUOTES, OtherPool, with_quotes
from tests.workflows.temporal import queues_of, scheduled

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("other_pool")]

both = pytest.mark.parametrize("protocol", PROTOCOLS)
LOOK = ScriptedCall(call="get_rate", arguments={"year": 2023})
DONE = ScriptedText(text="It was 4.25.")
RATE = JsonSchema(
    {
        "type": "object",
        "properties": {"rate": {"type": "number"}},
        "required": ["rate"],
        "additionalProperties": False,
    }
)


def turn(*steps: ScriptedStep, thought: str = "") -> ScriptedTurn:
    return ScriptedTurn(steps=steps, thought=thought)


def script(*turns: ScriptedTurn, input: str = "") -> Script:  # noqa: A002  # as the scenario calls it
    return Script(input=input, turns=turns)


def of(agent: str, *turns: ScriptedTurn) -> Script:
    """Direct an agent among several: its instructions tell which it is."""
    return script(*turns, input=f"You are the agent {agent},")


def to(agent: str) -> ScriptedCall:
    return ScriptedCall(call=handoff_tool_name(agent), arguments={})


@both
async def test_a_run_calls_a_function_and_answers(bench: Bench, protocol: Protocol) -> None:
    bench.standin.set_scenario(
        Scenario(scripts=(script(turn(ScriptedText(text="I look."), LOOK), turn(DONE)),))
    )
    handle = await bench.start(local_agent(bench, "get_rate", protocol=protocol), "What was the rate?")
    outcome = await bench.finished(handle)
    result = outcome.result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "It was 4.25.", 2)
    assert (result.conversation_id, result.answered_by, result.path) == (None, "agent", ("agent",))
    assert result.entries == (
        MessageEntry(agent="agent", content=(TextContent(text="I look."),)),
        ToolCallEntry(agent="agent", name="get_rate", arguments='{"year": 2023}', result="4.25"),
        MessageEntry(agent="agent", content=(TextContent(text="It was 4.25."),)),
    )
    assert results_told(bench) == ["4.25"]
    [asked, called, told, answered] = result.transcript
    assert isinstance(asked, SaidMessage)
    assert isinstance(called, ModelMessage)
    assert isinstance(told, ResultMessage)
    assert isinstance(answered, ModelMessage)
    assert (told.call_id, told.name, told.text) == (called.calls[0].id, "get_rate", "4.25")
    assert result.usage.total_tokens > 0
    assert (result.agents[0].turns, result.agents[0].usage) == (2, result.usage)
    assert await queues_of(handle, "complete_chat") == [PROVIDER_QUEUE] * 2
    assert bench.standin.counters().conversations_created == 0
    assert (result.repeated_calls, outcome.preview().result.transcript) == (0, ())


@both
async def test_calls_of_one_turn_are_answered_in_their_order(bench: Bench, protocol: Protocol) -> None:
    unknown = ScriptedCall(call="get_weather", arguments={})
    bench.standin.set_scenario(Scenario(scripts=(script(turn(LOOK, unknown, LOOK), turn(DONE)),)))
    await bench.run(local_agent(bench, "get_rate", protocol=protocol), "Look")
    assert results_told(bench) == ["4.25", "There is no tool get_weather. Your tools: get_rate", "4.25"]


async def test_a_tool_of_an_mcp_server_is_called_on_the_servers_pool(
    bench: Bench, other_pool: OtherPool
) -> None:
    quote = FunctionDefinition(name=QUOTE, parameters=JsonSchema({"type": "object", "properties": {}}))
    agent = with_quotes(local_agent(bench, "get_rate", functions=(quote,)))
    call = ScriptedCall(call=QUOTE, arguments={"symbol": "ECB"})
    bench.standin.set_scenario(Scenario(scripts=(script(turn(call, LOOK), turn(DONE)),)))
    other_pool.mcp_calls.clear()
    handle = await bench.start_loop(loop_input(agent, "Look", mcp_servers=(QUOTES,)))
    assert (await bench.finished(handle)).result.reason == Reason.SUCCEEDED
    assert results_told(bench) == ['quotes ran get-quote with {"symbol": "ECB"}', "4.25"]
    assert await queues_of(handle, "call_mcp_tool") == [OTHER_QUEUE]
    assert len(other_pool.mcp_calls) == 1


@both
async def test_a_conversation_is_handed_over_and_back(bench: Bench, protocol: Protocol) -> None:
    desk = local_agent(bench, "get_rate", name="desk", handoffs=("rates",), protocol=protocol)
    rates = local_agent(
        bench, "get_rate", name="rates", handoffs=("desk",), queue=OTHER_QUEUE, protocol=protocol
    )
    bench.standin.set_scenario(
        Scenario(
            scripts=(
                of("desk", turn(LOOK, to("rates")), turn(DONE)),
                of("rates", turn(LOOK), turn(ScriptedText(text="4.25"), to("desk"))),
            )
        )
    )
    handle = await bench.start_loop(loop_input(desk, "Look", rates))
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "It was 4.25.", 4)
    assert (result.path, result.answered_by) == (("desk", "rates", "desk"), "desk")
    assert [(agent.agent, agent.turns) for agent in result.agents] == [("desk", 2), ("rates", 2)]
    assert result.agents[0].usage + result.agents[1].usage == result.usage
    look = ToolCallEntry(agent="desk", name="get_rate", arguments='{"year": 2023}', result="4.25")
    assert result.entries == (
        look,
        HandoffEntry(agent="desk", to="rates"),
        look.model_copy(update={"agent": "rates"}),
        MessageEntry(agent="rates", content=(TextContent(text="4.25"),)),
        HandoffEntry(agent="rates", to="desk"),
        MessageEntry(agent="desk", content=(TextContent(text="It was 4.25."),)),
    )
    assert await queues_of(handle, "call_tool") == ["test/ns/pools/default", OTHER_QUEUE]
    assert results_told(bench)[1].startswith("The conversation was handed over: the agent rates goes on")


async def test_one_handoff_of_a_turn_has_effect_and_an_agent_that_is_not_there_gets_none(
    bench: Bench,
) -> None:
    desk = local_agent(bench, name="desk", handoffs=("gone", "rates", "news"))
    rates, news = local_agent(bench, name="rates"), local_agent(bench, name="news")
    bench.standin.set_scenario(
        Scenario(scripts=(of("desk", turn(to("gone"), to("rates"), to("news"))), of("rates", turn(DONE))))
    )
    result = (await bench.run_loop(loop_input(desk, "Look", rates, news))).result
    assert (result.reason, result.path) == (Reason.SUCCEEDED, ("desk", "rates"))
    gone, made, refused = results_told(bench)
    assert "the run does not know that agent" in gone
    assert "the agent rates goes on" in made
    assert "only the first one of a turn" in refused


@both
async def test_an_answer_that_does_not_fit_goes_back_with_the_reason(
    bench: Bench, protocol: Protocol
) -> None:
    bench.standin.set_scenario(
        Scenario(scripts=(script(turn(LOOK), turn(DONE), turn(ScriptedText(text='{"rate": 4.25}'))),))
    )
    handle = await bench.start(local_agent(bench, "get_rate", schema=RATE, protocol=protocol), "Look")
    result = (await bench.finished(handle)).result
    assert (result.reason, result.structured, json.loads(result.text)) == (
        Reason.SUCCEEDED,
        True,
        {"rate": 4.25},
    )
    [chat] = bench.standin.chats()
    assert "does not fit the JSON schema" in json.dumps(chat.request["messages"])
    assert (await scheduled(handle)).count("complete_chat") == 3


@both
async def test_thoughts_go_back_as_they_came(bench: Bench, protocol: Protocol) -> None:
    bench.standin.set_scenario(
        Scenario(scripts=(script(turn(LOOK, thought="Hm, 2023 it is."), turn(DONE, thought="Good.")),))
    )
    result = (await bench.run(local_agent(bench, "get_rate", protocol=protocol), "Look")).result
    assert (result.reason, result.text) == (Reason.SUCCEEDED, "It was 4.25.")
    [chat] = bench.standin.chats()
    [sent] = [each for each in _messages(chat.request) if each["role"] == "assistant"]
    if protocol == "Mistral":
        chunk = {
            "type": "thinking",
            "thinking": [{"type": "text", "text": "Hm, 2023 it is."}],
            "signature": None,
            "closed": True,
        }
        assert sent["content"] == [chunk]
    else:
        assert sent["reasoning_content"] == "Hm, 2023 it is."


def _messages(request: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
    return TypeAdapter(list[dict[str, JsonValue]]).validate_python(request["messages"])
