"""Runs of Local sessions that go on where others ended: each has the transcript of its own."""

import asyncio
import uuid

import pytest

from agents_crds.contract.names import handoff_tool_name
from agents_crds.contract.run import AgentSnapshot, Continuation, LoopInput, RunOutcome
from agents_crds.contract.transcript import ResultMessage, SaidMessage
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.opening import NO_RESULT
from agents_worker.workflows.transcript import spoken
from tests.standin.control import CHAT
from tests.standin.faults import AnswerWith
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import Bench, Handle, loop_input
from tests.workflows.local_agents import PROTOCOLS, Protocol, local_agent
from tests.workflows.temporal import queues_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOK = ScriptedTurn(steps=(ScriptedCall(call="get_rate", arguments={"year": 2023}),))
QUESTION, NEXT = "What was the rate?", "And what did I ask?"


def says(asked: str, text: str) -> Script:
    return Script(input=asked, turns=(ScriptedTurn(steps=(ScriptedText(text=text),)),))


def following(
    agent: AgentSnapshot, handle: Handle, text: str = NEXT, *, fork: bool = False, floor: str = "agent"
) -> LoopInput:
    """Make the loop of a run that goes on with another one."""
    continues = Continuation(workflow_id=handle.id, conversation_id=None, agent=floor, fork=fork)
    return loop_input(agent, text).model_copy(update={"continues": continues})


async def first_run(bench: Bench, agent: AgentSnapshot, *, max_turns: int = 5) -> tuple[Handle, RunOutcome]:
    answer = ScriptedTurn(steps=(ScriptedText(text="It was 4.25."),))
    bench.standin.set_scenario(
        Scenario(scripts=(says(NEXT, "For the rate."), Script(input=QUESTION, turns=(LOOK, answer))))
    )
    handle = await bench.start(agent, QUESTION, max_turns=max_turns)
    return handle, await bench.finished(handle)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("fork", [False, True], ids=["same", "branch"])
async def test_a_run_goes_on_with_the_transcript_of_another(
    bench: Bench, protocol: Protocol, *, fork: bool
) -> None:
    agent = local_agent(bench, "get_rate", protocol=protocol)
    handle, first = await first_run(bench, agent)
    follower = await bench.start_loop(following(agent, handle, fork=fork))
    second = await bench.finished(follower)
    assert (second.result.reason, second.result.text) == (Reason.SUCCEEDED, "For the rate.")
    assert second.result.turns == 1
    before = len(first.result.transcript)
    assert second.result.transcript[:before] == first.result.transcript
    asked, _answered = second.result.transcript[before:]
    assert isinstance(asked, SaidMessage)
    assert spoken(asked.message) == NEXT
    assert await queues_of(follower, "load_transcript") == ["test/ns/pools/default"]


async def test_two_runs_go_on_with_one_at_once_each_with_a_transcript_of_its_own(bench: Bench) -> None:
    agent = local_agent(bench, "get_rate")
    handle, first = await first_run(bench, agent)
    one, two = await asyncio.gather(
        *(bench.run_loop(following(agent, handle, f"{NEXT} ({name})")) for name in ("one", "two"))
    )
    before = len(first.result.transcript)
    for outcome, name in ((one, "one"), (two, "two")):
        assert outcome.result.reason == Reason.SUCCEEDED
        asked, _ = outcome.result.transcript[before:]
        assert isinstance(asked, SaidMessage)
        assert spoken(asked.message) == f"{NEXT} ({name})"


async def test_calls_that_another_run_left_waiting_are_answered_with_what_is_said(bench: Bench) -> None:
    agent = local_agent(bench, "get_rate")
    handle, first = await first_run(bench, agent, max_turns=1)
    assert first.result.reason == Reason.MAX_TURNS_REACHED
    second = await bench.run_loop(following(agent, handle, "Never mind."))
    assert second.result.reason == Reason.SUCCEEDED
    [told] = [each for each in second.result.transcript if isinstance(each, ResultMessage)]
    assert told.text == f"{NO_RESULT}\n\n[The user says now: Never mind.]"


async def test_the_agent_that_had_the_conversation_has_it_again(bench: Bench) -> None:
    desk = local_agent(bench, name="desk", handoffs=("rates",))
    rates = local_agent(bench, name="rates", model="mistral-small-latest")
    hand_over = ScriptedCall(call=handoff_tool_name("rates"), arguments={})
    bench.standin.set_scenario(
        Scenario(
            scripts=(
                says(NEXT, "For the rate."),
                Script(agent="mistral-medium-latest", turns=(ScriptedTurn(steps=(hand_over,)),)),
                Script(
                    agent="mistral-small-latest", turns=(ScriptedTurn(steps=(ScriptedText(text="4.25"),)),)
                ),
            )
        )
    )
    handle = await bench.start_loop(loop_input(desk, QUESTION, rates))
    first = await bench.finished(handle)
    assert first.result.answered_by == "rates"
    loop = following(desk, handle, floor="rates").model_copy(update={"handoffs": (rates,)})
    second = await bench.run_loop(loop)
    assert (second.result.reason, second.result.path) == (Reason.SUCCEEDED, ("rates",))


async def test_a_run_whose_model_never_answered_cannot_be_gone_on_with(bench: Bench) -> None:
    agent = local_agent(bench, "get_rate")
    bench.standin.fail("POST", CHAT, AnswerWith(status=400), times=1)
    handle = await bench.start(agent, QUESTION)
    assert (await bench.finished(handle)).result.turns == 0
    outcome = await bench.run_loop(following(agent, handle))
    assert (outcome.result.reason, outcome.result.turns) == (Reason.CONVERSATION_NOT_FOUND, 0)
    assert "it ended before its model had answered" in outcome.result.message


async def test_a_run_that_temporal_no_longer_has_cannot_be_gone_on_with(bench: Bench) -> None:
    agent = local_agent(bench, "get_rate")
    handle, _ = await first_run(bench, agent)
    loop = following(agent, handle)
    assert loop.continues is not None
    gone = loop.continues.model_copy(update={"workflow_id": f"test/ns/{uuid.uuid4()}"})
    outcome = await bench.run_loop(loop.model_copy(update={"continues": gone}))
    assert (outcome.result.reason, outcome.result.turns) == (Reason.CONVERSATION_NOT_FOUND, 0)
    assert "Temporal keeps that no more" in outcome.result.message
    assert "Start a new run without it" in outcome.result.message
