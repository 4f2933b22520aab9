"""Runs that go on where others ended: in the same conversation, or in a branch of it."""

import pytest
from pydantic import JsonValue

from agents_crds.contract.run import AgentSnapshot, Continuation, LoopInput, RunOutcome
from agents_crds.contract.transcript import ImagePart, InputMessage, TextPart
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.opening import NO_RESULT
from tests.standin.control import APPEND
from tests.standin.conversations import Conversation
from tests.standin.entries import FunctionResult, MessageInput, MessageOutput
from tests.standin.faults import AnswerWith, Cut, LoseResponse
from tests.standin.scenario import Scenario, Script, ScriptedHandoff, ScriptedTurn
from tests.workflows.bench import Bench, Handle, loop_input
from tests.workflows.temporal import scheduled

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = "What was the interest rate in 2023?"
NEXT = "And what was the interest rate in 2022?"
RESTART = "/v1/conversations/*/restart"
HISTORY = "/v1/conversations/*/history"


def following(
    agent: AgentSnapshot, handle: Handle, ended: RunOutcome, text: str = NEXT, *, fork: bool = False
) -> LoopInput:
    """Make the loop of a run that goes on with another one."""
    continues = Continuation(
        workflow_id=handle.id,
        conversation_id=ended.result.conversation_id,
        agent=ended.result.answered_by,
        fork=fork,
    )
    return loop_input(agent, text).model_copy(update={"continues": continues})


async def first_run(
    bench: Bench, agent: AgentSnapshot, *, max_turns: int = 5
) -> tuple[Handle, RunOutcome, Conversation]:
    """Run to the end, and look at the conversation."""
    handle = await bench.start(agent, QUESTION, max_turns=max_turns)
    outcome = await bench.finished(handle)
    [conversation] = bench.standin.conversations()
    return handle, outcome, conversation


def conversation_of(bench: Bench, outcome: RunOutcome) -> Conversation:
    """Find the conversation that a run ended in."""
    return next(one for one in bench.standin.conversations() if one.id == outcome.result.conversation_id)


async def test_a_run_goes_on_in_the_conversation_of_another(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent)
    second = await bench.run_loop(following(agent, handle, first))
    assert second.result.reason == Reason.SUCCEEDED
    assert "0.5" in second.result.text
    assert second.result.conversation_id == first.result.conversation_id
    assert (second.result.turns, second.result.path) == (2, ("agent",))
    [conversation] = bench.standin.conversations()
    assert conversation.entries[: len(before.entries)] == before.entries
    assert [entry.content for entry in conversation.entries if isinstance(entry, MessageInput)] == [
        QUESTION,
        NEXT,
    ]
    assert bench.standin.counters().conversations_created == 1


async def test_a_branch_leaves_the_conversation_as_it_is(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent)
    loop = following(agent, handle, first, fork=True)
    second = await bench.run_loop(loop)
    assert second.result.reason == Reason.SUCCEEDED
    assert "0.5" in second.result.text
    branch = conversation_of(bench, second)
    assert branch.id != before.id
    assert branch.metadata == loop.conversation_metadata
    assert branch.entries[: len(before.entries)] == before.entries
    assert conversation_of(bench, first) == before


async def test_a_branch_begins_where_its_run_ended_whatever_was_said_since(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent)
    await bench.run_loop(following(agent, handle, first, "And in 2021?"))
    branched = await bench.run_loop(following(agent, handle, first, fork=True))
    branch = conversation_of(bench, branched)
    assert [entry.content for entry in branch.entries if isinstance(entry, MessageInput)] == [QUESTION, NEXT]
    assert branch.entries[: len(before.entries)] == before.entries


async def test_a_branch_of_a_run_that_temporal_forgot_begins_at_the_end_of_the_conversation(
    bench: Bench,
) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent)
    loop = following(agent, handle, first, fork=True)
    assert loop.continues is not None
    forgotten = loop.continues.model_copy(update={"workflow_id": "test/ns/no-such-run"})
    second = await bench.run_loop(loop.model_copy(update={"continues": forgotten}))
    assert second.result.reason == Reason.SUCCEEDED
    assert conversation_of(bench, second).entries[: len(before.entries)] == before.entries


FAULTS = pytest.mark.parametrize(
    "fault",
    [LoseResponse(), Cut(), AnswerWith(status=200, body="<html>")],
    ids=["answer lost", "request lost", "answer unreadable"],
)


@FAULTS
async def test_what_was_said_to_a_conversation_is_said_once_though_its_answer_is_lost(
    bench: Bench, fault: LoseResponse | Cut | AnswerWith
) -> None:
    agent = await bench.agent("get_rate")
    handle, first, _ = await first_run(bench, agent)
    # The very words of before: only where they stand in the conversation tells them apart.
    bench.standin.fail("POST", APPEND, fault, contains=QUESTION)
    second = await bench.run_loop(following(agent, handle, first, QUESTION))
    assert second.result.reason == Reason.SUCCEEDED
    [conversation] = bench.standin.conversations()
    said = [entry.content for entry in conversation.entries if isinstance(entry, MessageInput)]
    assert said == [QUESTION] * 2
    results = [entry for entry in conversation.entries if isinstance(entry, FunctionResult)]
    assert len(results) == 2
    assert bench.standin.counters().appends == 3


@FAULTS
async def test_a_branch_is_made_once_though_its_answer_is_lost(
    bench: Bench, fault: LoseResponse | Cut | AnswerWith
) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent)
    bench.standin.fail("POST", RESTART, fault)
    second = await bench.run_loop(following(agent, handle, first, QUESTION, fork=True))
    assert second.result.reason == Reason.SUCCEEDED
    assert {one.id for one in bench.standin.conversations()} == {before.id, second.result.conversation_id}
    assert conversation_of(bench, first) == before
    counters = bench.standin.counters()
    assert sum(one.restarts for one in counters.conversations.values()) == 1


async def test_a_branch_that_is_never_answered_is_replaced(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent)
    bench.standin.fail("POST", RESTART, LoseResponse())
    silent: JsonValue = {"conversation_id": "conv", "entries": [{"type": "message.input", "content": NEXT}]}
    # The first look is at the original.
    silence = bench.standin.fail("GET", HISTORY, AnswerWith(status=200, body=silent), nth=2, times=None)
    second = await bench.run_loop(following(agent, handle, first, fork=True))
    bench.standin.remove_faults(silence)
    assert second.result.reason == Reason.SUCCEEDED
    assert {one.id for one in bench.standin.conversations()} == {before.id, second.result.conversation_id}
    assert sum(one.restarts for one in bench.standin.counters().conversations.values()) == 2


@pytest.mark.parametrize("fork", [False, True], ids=["same conversation", "branch"])
async def test_calls_that_another_run_left_waiting_are_answered_with_what_is_said(
    bench: Bench, *, fork: bool
) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent, max_turns=1)
    assert first.result.reason == Reason.MAX_TURNS_REACHED
    second = await bench.run_loop(following(agent, handle, first, "Never mind.", fork=fork))
    assert second.result.reason == Reason.SUCCEEDED
    conversation = conversation_of(bench, second)
    [told] = [entry.result for entry in conversation.entries if isinstance(entry, FunctionResult)]
    assert told == f"{NO_RESULT}\n\n[The user says now: Never mind.]"
    if fork:
        assert conversation_of(bench, first) == before


@pytest.mark.parametrize("fork", [False, True], ids=["same conversation", "branch"])
async def test_a_conversation_that_is_gone_ends_the_run_before_a_model_is_called(
    bench: Bench, *, fork: bool
) -> None:
    agent = await bench.agent("get_rate")
    handle, first, conversation = await first_run(bench, agent)
    await bench.mistral.beta.conversations.delete_async(conversation_id=conversation.id)
    outcome = await bench.run_loop(following(agent, handle, first, fork=fork))
    assert (outcome.result.reason, outcome.result.turns) == (Reason.CONVERSATION_NOT_FOUND, 0)
    assert conversation.id in outcome.result.message
    assert bench.standin.conversations() == ()


async def test_opening_waits_for_a_provider_that_limits_the_rate(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, _ = await first_run(bench, agent)
    limited = AnswerWith(status=429, headers={"retry-after": "0"})
    bench.standin.fail("GET", HISTORY, limited, times=3)
    outcome = await bench.run_loop(following(agent, handle, first))
    assert outcome.result.reason == Reason.SUCCEEDED
    assert len(bench.standin.conversations()) == 1


async def test_opening_waits_for_an_answer_that_the_provider_still_works_at(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, before = await first_run(bench, agent)
    entries: JsonValue = [{"type": "message.input", "content": QUESTION, "id": before.entries[0].id}]
    working: JsonValue = {"conversation_id": before.id, "entries": entries}
    bench.standin.fail("GET", HISTORY, AnswerWith(status=200, body=working))
    outcome = await bench.run_loop(following(agent, handle, first))
    assert outcome.result.reason == Reason.SUCCEEDED
    assert bench.standin.counters().responses["GET /v1/conversations/{conversation_id}/history 200"] == 2


async def test_the_agent_that_had_the_conversation_has_it_again(bench: Bench) -> None:
    desk, rates = await bench.agent(name="desk"), await bench.agent("get_rate", name="rates")
    desk = await bench.linked(desk, rates)
    hand_over = ScriptedTurn(steps=(ScriptedHandoff(handoff=bench.remote_name("rates")),))
    bench.standin.set_scenario(
        Scenario(scripts=(Script(agent=bench.remote_name("desk"), input="2023", turns=(hand_over,)),))
    )
    handle = await bench.start_loop(loop_input(desk, QUESTION, rates))
    first = await bench.finished(handle)
    assert first.result.answered_by == "rates"
    loop = following(desk, handle, first).model_copy(update={"handoffs": (rates,)})
    second = await bench.run_loop(loop)
    assert second.result.reason == Reason.SUCCEEDED
    assert "0.5" in second.result.text
    assert second.result.path == ("rates",)
    assert [(part.agent, part.turns) for part in second.result.agents] == [("rates", 2)]


async def test_a_branch_tells_by_its_answer_which_agent_has_it(bench: Bench) -> None:
    desk, rates = await bench.agent("get_rate", name="desk"), await bench.agent("get_rate", name="rates")
    desk = await bench.linked(desk, rates)
    hand_over = ScriptedTurn(steps=(ScriptedHandoff(handoff=bench.remote_name("rates")),))
    bench.standin.set_scenario(
        Scenario(scripts=(Script(agent=bench.remote_name("desk"), input="2023", turns=(hand_over,)),))
    )
    handle = await bench.start_loop(loop_input(desk, QUESTION, rates))
    first = await bench.finished(handle)
    assert first.result.answered_by == "rates"
    loop = following(desk, handle, first, fork=True).model_copy(update={"handoffs": (rates,)})
    second = await bench.run_loop(loop)
    *_, last = conversation_of(bench, second).entries
    assert isinstance(last, MessageOutput)
    names = {desk.remote_id: "desk", rates.remote_id: "rates"}
    assert second.result.path[0] == names[last.agent_id or ""]


async def test_images_go_into_a_conversation_too(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, _ = await first_run(bench, agent)
    picture = InputMessage(
        role="user",
        content=(TextPart(text="What do you see?"), ImagePart(url="https://example.com/cat.png")),
    )
    loop = following(agent, handle, first, "").model_copy(update={"messages": (picture,)})
    outcome = await bench.run_loop(loop)
    assert outcome.result.reason == Reason.SUCCEEDED
    [conversation] = bench.standin.conversations()
    *_, said = [entry.content for entry in conversation.entries if isinstance(entry, MessageInput)]
    assert "cat.png" in str(said)


async def test_a_conversation_is_looked_at_once(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle, first, _ = await first_run(bench, agent)
    follower = await bench.start_loop(following(agent, handle, first))
    await bench.finished(follower)
    assert await scheduled(follower) == [
        "open_conversation",
        "append_results",
        "call_tool",
        "append_results",
        "report",
    ]
