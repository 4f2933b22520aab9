"""Runs that several agents take part in."""

from datetime import timedelta

import pytest

from agents_crds.contract.entries import HandoffEntry, MessageEntry, TextContent, ToolCallEntry
from agents_crds.contract.run import AgentSnapshot, Usage
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from tests.standin.control import APPEND, START
from tests.standin.faults import Cut, LoseResponse
from tests.standin.scenario import (
    Scenario,
    Script,
    ScriptedCall,
    ScriptedHandoff,
    ScriptedStep,
    ScriptedText,
    ScriptedTurn,
)
from tests.workflows.bench import POOL_QUEUE, Bench, loop_input
from tests.workflows.other_pool import OTHER_QUEUE
from tests.workflows.temporal import queues_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("other_pool")]

LOOK = ScriptedCall(call="get_rate", arguments={"year": 2023})
DONE = ScriptedText(text="It was 4.25.")


async def pair(bench: Bench, *, schema: JsonSchema | None = None) -> tuple[AgentSnapshot, AgentSnapshot]:
    """Make two agents that hand off to each other, with the same tool on different pools."""
    desk = await bench.agent("get_rate", name="desk", schema=schema)
    rates = await bench.agent("get_rate", name="rates", queue=OTHER_QUEUE)
    return await bench.linked(desk, rates), await bench.linked(rates, desk)


def script(bench: Bench, name: str, *turns: tuple[ScriptedStep, ...]) -> Script:
    return Script(agent=bench.remote_name(name), turns=tuple(ScriptedTurn(steps=steps) for steps in turns))


def to(agent: AgentSnapshot) -> ScriptedHandoff:
    return ScriptedHandoff(handoff=agent.remote_id)


def back_and_forth(bench: Bench, desk: AgentSnapshot, rates: AgentSnapshot) -> Scenario:
    """Each looks once, then they hand each other the task, six times in all."""
    return Scenario(
        scripts=(
            script(bench, "desk", (LOOK,), (to(rates),), (to(rates),), (to(rates),), (DONE,)),
            script(bench, "rates", (LOOK,), (to(desk),), (to(desk),), (to(desk),)),
        )
    )


async def test_two_agents_that_hand_back_and_forth_leave_the_right_path(bench: Bench) -> None:
    desk, rates = await pair(bench)
    bench.standin.set_scenario(back_and_forth(bench, desk, rates))
    handle = await bench.start_loop(loop_input(desk, "Look", rates))
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "It was 4.25.", 3)
    assert result.path == ("desk", "rates", "desk", "rates", "desk", "rates", "desk")
    assert result.answered_by == "desk"
    assert [(agent.agent, agent.turns) for agent in result.agents] == [("desk", 2), ("rates", 1)]
    assert result.agents[0].usage + result.agents[1].usage == result.usage
    assert [entry.type for entry in result.entries] == [
        "toolCall",
        "handoff",
        "toolCall",
        *["handoff"] * 5,
        "message",
    ]
    assert result.entries[0] == ToolCallEntry(
        agent="desk", name="get_rate", arguments='{"year": 2023}', result="4.25"
    )
    assert result.entries[1:3] == (
        HandoffEntry(agent="desk", to="rates"),
        ToolCallEntry(agent="rates", name="get_rate", arguments='{"year": 2023}', result="4.25"),
    )
    assert await queues_of(handle, "call_tool") == [POOL_QUEUE, OTHER_QUEUE]
    assert bench.standin.counters().handoffs == 6


@pytest.mark.parametrize("fault", [LoseResponse(), Cut()], ids=["answer lost", "request lost"])
@pytest.mark.parametrize("lost", [1, 2])
async def test_an_append_with_handoffs_whose_answer_is_lost_is_carried_out_once(
    bench: Bench, fault: LoseResponse | Cut, lost: int
) -> None:
    desk, rates = await pair(bench)
    bench.standin.set_scenario(back_and_forth(bench, desk, rates))
    bench.standin.fail("POST", APPEND, fault, nth=lost)
    result = (await bench.run_loop(loop_input(desk, "Look", rates))).result
    assert (result.reason, result.turns) == (Reason.SUCCEEDED, 3)
    assert result.path == ("desk", "rates", "desk", "rates", "desk", "rates", "desk")
    assert len(result.entries) == 9
    counters = bench.standin.counters()
    assert (counters.appends, counters.function_results, counters.handoffs) == (2, 2, 6)


async def test_a_start_with_a_handoff_whose_answer_is_lost_is_found(bench: Bench) -> None:
    desk, rates = await pair(bench)
    bench.standin.set_scenario(
        Scenario(scripts=(script(bench, "desk", (to(rates),)), script(bench, "rates", (LOOK,), (DONE,))))
    )
    bench.standin.fail("POST", START, LoseResponse())
    result = (await bench.run_loop(loop_input(desk, "Look", rates))).result
    assert (result.reason, result.path) == (Reason.SUCCEEDED, ("desk", "rates"))
    assert [(agent.agent, agent.turns) for agent in result.agents] == [("desk", 1), ("rates", 1)]
    assert result.agents[0].usage == Usage()
    assert bench.standin.counters().conversations_created == 1


async def test_a_call_before_a_handoff_is_left_to_the_provider(bench: Bench) -> None:
    desk, rates = await pair(bench)
    bench.standin.set_scenario(
        Scenario(
            scripts=(
                script(bench, "desk", (ScriptedText(text="I ask."), LOOK, to(rates))),
                script(bench, "rates", (ScriptedText(text="I look."), LOOK), (DONE,)),
            )
        )
    )
    handle = await bench.start_loop(loop_input(desk, "Look", rates))
    result = (await bench.finished(handle)).result
    assert (result.reason, result.answered_by) == (Reason.SUCCEEDED, "rates")
    assert await queues_of(handle, "call_tool") == [OTHER_QUEUE]
    assert bench.results() == ["4.25"]
    calls = [(entry.agent, entry.result) for entry in result.entries if isinstance(entry, ToolCallEntry)]
    assert calls == [("desk", ""), ("rates", "4.25")]


async def test_an_agent_calls_only_what_it_was_given(bench: Bench) -> None:
    desk = await bench.agent("get_rate", name="desk")
    rates = await bench.agent("is_ready", name="rates")
    desk = await bench.linked(desk, rates)
    bench.standin.set_scenario(
        Scenario(scripts=(script(bench, "desk", (to(rates),)), script(bench, "rates", (LOOK,), (DONE,))))
    )
    await bench.run_loop(loop_input(desk, "Look", rates))
    assert bench.results() == ["There is no tool get_rate. Your tools: is_ready"]


async def test_whoever_answers_the_schema_of_the_agent_that_was_asked_governs(bench: Bench) -> None:
    schema = JsonSchema({"type": "object", "properties": {"rate": {"type": "number"}}, "required": ["rate"]})
    desk, rates = await pair(bench, schema=schema)
    bench.standin.set_scenario(
        Scenario(
            scripts=(
                script(bench, "desk", (to(rates),)),
                script(bench, "rates", (DONE,), (ScriptedText(text='{"rate": 4.25}'),)),
            )
        )
    )
    result = (await bench.run_loop(loop_input(desk, "Look", rates))).result
    assert (result.reason, result.structured, result.text) == (Reason.SUCCEEDED, True, '{"rate": 4.25}')
    assert (result.turns, result.answered_by) == (2, "rates")


async def test_an_agent_that_the_run_does_not_know_calls_by_the_routes_of_the_first(bench: Bench) -> None:
    desk, stranger = await pair(bench)
    bench.standin.set_scenario(
        Scenario(
            scripts=(
                script(bench, "desk", (to(stranger),), (DONE,)),
                script(bench, "rates", (LOOK,), (to(desk),)),
            )
        )
    )
    handle = await bench.start_loop(loop_input(desk, "Look"))
    result = (await bench.finished(handle)).result
    name = bench.remote_name("rates")
    assert (result.reason, result.path) == (Reason.SUCCEEDED, ("desk", name, "desk"))
    assert [(agent.agent, agent.turns) for agent in result.agents] == [("desk", 1), (name, 1)]
    assert await queues_of(handle, "call_tool") == [POOL_QUEUE]
    assert result.entries == (
        HandoffEntry(agent="desk", to=name),
        ToolCallEntry(agent=name, name="get_rate", arguments='{"year": 2023}', result="4.25"),
        HandoffEntry(agent=name, to="desk"),
        MessageEntry(agent="desk", content=(TextContent(text="It was 4.25."),)),
    )


async def test_a_run_out_of_time_tells_who_was_waiting_for_what(bench: Bench) -> None:
    desk, rates = await pair(bench)
    [route] = rates.tools
    impatient = rates.model_copy(
        update={"tools": (route.model_copy(update={"queue": "nobody", "timeout": timedelta(hours=1)}),)}
    )
    bench.standin.set_scenario(
        Scenario(scripts=(script(bench, "desk", (to(rates),)), script(bench, "rates", (LOOK,))))
    )
    loop = loop_input(desk, "Look", impatient)
    limits = loop.limits.model_copy(update={"timeout": timedelta(seconds=1)})
    result = (await bench.run_loop(loop.model_copy(update={"limits": limits}))).result
    assert (result.reason, result.path) == (Reason.TIMED_OUT, ("desk", "rates"))
    [_, call] = result.entries
    assert call == ToolCallEntry(agent="rates", name="get_rate", arguments='{"year": 2023}', result="")
