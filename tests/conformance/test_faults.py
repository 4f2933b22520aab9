"""What no real server shows on demand, at the stand-in: what our client makes of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from agents_operator.mistral import MistralAgent
from agents_worker.messages import FunctionCall, Handoff, Message, ModelAnswer, Other
from agents_worker.sessions.entries import entries_of
from agents_worker.sessions.failures import Answered, ProviderFailed, Unreachable
from agents_worker.sessions.settlement import Settled, settle_append, settle_start
from tests.conformance.account import Account
from tests.conformance.samples import QUESTION, only_call, teller
from tests.standin.control import (
    APPEND,
    START,
    StandIn,
    failed_handoff,
    invalid_fields,
    invalid_text,
    rate_limited,
    rate_limited_for,
    rate_limited_until,
)
from tests.standin.faults import AddUnknownEntry, AnswerWith, LoseResponse
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedHandoff, ScriptedTurn

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOK = ScriptedCall(call="get_code", arguments={"door": "north"})


async def refused(account: Account, to: ModelAnswer, results: Mapping[str, str]) -> Answered:
    with pytest.raises(ProviderFailed) as raised:
        await account.append(to, results)
    assert isinstance(raised.value.failure, Answered)
    return raised.value.failure


async def test_only_the_calls_after_the_last_handoff_may_and_must_be_answered(
    spare: Account, standin: StandIn
) -> None:
    first = await spare.create("first", teller(spare).model_copy(update={"name": "first"}))
    linked = teller(spare).model_copy(update={"name": "second", "handoffs": (first.id,)})
    second = await spare.create("second", linked)
    turns = {"second": (LOOK, ScriptedHandoff(handoff=first.id)), "first": (LOOK,)}
    scripts = (Script(agent=name, turns=(ScriptedTurn(steps=steps),)) for name, steps in turns.items())
    standin.set_scenario(Scenario(scripts=tuple(scripts)))
    asked = await spare.start(second, "boundary", QUESTION)
    before, handoff, after = asked.entries
    assert isinstance(before, FunctionCall)
    assert isinstance(handoff, Handoff)
    assert isinstance(after, FunctionCall)
    early = await refused(spare, asked, {before.tool_call_id: "1", after.tool_call_id: "2"})
    assert (early.status, before.tool_call_id in early.message) == (400, True)
    assert (await refused(spare, asked, {})).status == 400
    answered = await spare.append(asked, {after.tool_call_id: "2"})
    assert isinstance(answered.entries[-1], Message)


async def test_a_start_whose_answer_was_lost_is_found_with_its_answer(
    spare: Account, standin: StandIn, teller_agent: MistralAgent
) -> None:
    standin.fail("POST", START, LoseResponse())
    with pytest.raises(ProviderFailed) as lost:
        await spare.start(teller_agent, "lost", QUESTION)
    assert isinstance(lost.value.failure, Unreachable)
    [found] = await spare.conversations.find(spare.metadata("lost"))
    settled = settle_start(await spare.conversations.history(found.id) or ())
    assert isinstance(settled, Settled)
    await spare.conversations.delete(found.id)


async def test_results_whose_answer_broke_off_were_taken_in(
    spare: Account, standin: StandIn, teller_agent: MistralAgent
) -> None:
    asked = await spare.start(teller_agent, "broken off", QUESTION)
    call = only_call(asked).tool_call_id
    standin.fail("POST", APPEND, LoseResponse(after_bytes=40))
    with pytest.raises(ProviderFailed) as lost:
        await spare.append(asked, {call: "41207"})
    assert isinstance(lost.value.failure, Unreachable)
    step = await spare.noted(asked)
    assert isinstance(settle_append(step.history, frozenset({call})), Settled)


async def test_an_entry_of_an_unknown_type_loses_nothing_else(
    spare: Account, standin: StandIn, teller_agent: MistralAgent
) -> None:
    standin.fail("POST", START, AddUnknownEntry())
    asked = await spare.start(teller_agent, "unknown", QUESTION)
    call, other = asked.entries
    assert (call.type, type(other)) == ("call", Other)
    settled = settle_start((await spare.noted(asked)).history)
    assert isinstance(settled, Settled)
    assert entries_of(settled.outputs) == asked.entries


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (lambda: rate_limited(7), 7),
        (lambda: rate_limited_for(1500), 1.5),
        (lambda: rate_limited_until(datetime.now(UTC) + timedelta(hours=2)), 7200),
    ],
    ids=["seconds", "milliseconds", "date"],
)
async def test_how_long_to_wait_is_read_in_each_spelling(
    spare: Account,
    standin: StandIn,
    teller_agent: MistralAgent,
    fault: Callable[[], AnswerWith],
    seconds: float,
) -> None:
    standin.fail("POST", START, fault())
    with pytest.raises(ProviderFailed) as limited:
        await spare.start(teller_agent, "limited", QUESTION)
    assert isinstance(limited.value.failure, Answered)
    wait = limited.value.failure.retry_after
    assert wait is not None
    assert wait.total_seconds() == pytest.approx(seconds, abs=120 if seconds > 60 else 0)


@pytest.mark.parametrize(
    ("fault", "status", "code", "words"),
    [
        (failed_handoff(), 500, "3000", "Response failed during handoff orchestration"),
        (invalid_fields("inputs", message="too long"), 422, "", "body.inputs: too long"),
        (invalid_text("too long"), 422, "", "too long"),
    ],
    ids=["failed handoff", "422 with findings", "422 with a text"],
)
async def test_what_went_wrong_is_in_the_words(
    spare: Account,
    standin: StandIn,
    teller_agent: MistralAgent,
    fault: AnswerWith,
    status: int,
    code: str,
    words: str,
) -> None:
    standin.fail("POST", START, fault)
    with pytest.raises(ProviderFailed) as failed:
        await spare.start(teller_agent, "failed", QUESTION)
    assert failed.value.failure == Answered(status=status, message=words, kind=_kind(status), code=code)


def _kind(status: int) -> str:
    return "internal_server_error" if status == 500 else ""
