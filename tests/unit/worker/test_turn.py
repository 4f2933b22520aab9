"""The loop's decisions."""

from datetime import UTC, datetime, timedelta

import pytest

from agents_crds.contract.run import (
    AgentSnapshot,
    Limits,
    LoopInput,
    LoopState,
    ProviderSnapshot,
    ToolRoute,
    Usage,
)
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.messages import Entry, FunctionCall, Handoff, KeyWait, Message, ModelAnswer, Other
from agents_worker.text import COLLECTED_LIMIT, RESULTS_LIMIT, json_size
from agents_worker.workflows.turn import (
    CallTools,
    Correct,
    Finish,
    advanced,
    after_tools,
    corrected,
    ended,
    interrupted,
    key_failed,
    key_given_up,
    next_step,
    not_given,
    pending_calls,
    throttle_pause,
    throttled,
    with_results,
    written_text,
)

STATE = LoopState(deadline=datetime(2025, 1, 1, tzinfo=UTC))
A, B = (FunctionCall(tool_call_id=name, name=f"tool_{name}", arguments="{}") for name in "ab")
HANDOFF = Handoff(agent="rates")
SEARCH = Other(kind="tool.execution")
ROUTE = ToolRoute(name="pay", queue="q", idempotent=False, timeout=timedelta(minutes=1))
LOOP = LoopInput(
    agent=AgentSnapshot(
        name="finance",
        remote_id="ag_1",
        remote_version=0,
        provider=ProviderSnapshot(name="default", url="http://provider.test", key_path="k", queue="p"),
        tools=(ROUTE,),
    ),
    input="What is the rate?",
    limits=Limits(max_turns=3, timeout=timedelta(hours=1)),
    conversation_metadata={},
)
RATE = JsonSchema({"type": "object", "properties": {"rate": {"type": "number"}}, "required": ["rate"]})


def loop(*, schema: JsonSchema | None = None, **limits: int) -> LoopInput:
    return LOOP.model_copy(
        update={
            "agent": LOOP.agent.model_copy(update={"output_schema": schema}),
            "limits": LOOP.limits.model_copy(update=limits),
        }
    )


def said(text: str) -> Message:
    return Message(text=text)


def answer(*entries: Entry) -> ModelAnswer:
    usage = Usage(prompt_tokens=3, completion_tokens=2, total_tokens=5)
    return ModelAnswer(conversation_id="conv_1", entries=entries, usage=usage)


@pytest.mark.parametrize(
    ("entries", "calls"),
    [
        ((), ()),
        ((said("hi"),), ()),
        ((A,), (A,)),
        ((said("wait"), A, SEARCH, B), (A, B)),
        ((A, HANDOFF), ()),
        ((A, HANDOFF, B), (B,)),
        ((A, HANDOFF, B, HANDOFF, said("done")), ()),
    ],
)
def test_only_calls_after_the_last_handoff_are_pending(
    entries: tuple[Entry, ...], calls: tuple[FunctionCall, ...]
) -> None:
    assert pending_calls(entries) == calls


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ((), ""),
        ((said("one"), SEARCH, said("two")), "one\n\ntwo"),
        ((said("I hand over"), HANDOFF, said("the answer")), "the answer"),
        ((said("let me see"), A), "let me see"),
    ],
)
def test_the_text_is_that_of_the_agent_that_has_the_floor(entries: tuple[Entry, ...], text: str) -> None:
    assert written_text(entries) == text


@pytest.mark.parametrize(
    ("entries", "turns", "step"),
    [
        ((said("done"),), 1, Finish(Reason.SUCCEEDED, "done")),
        ((), 1, Finish(Reason.SUCCEEDED, "")),
        ((said("done"),), 3, Finish(Reason.SUCCEEDED, "done")),
        ((A, B), 2, CallTools((A, B))),
        ((A,), 3, Finish(Reason.MAX_TURNS_REACHED, "so far")),
    ],
)
def test_next_step(entries: tuple[Entry, ...], turns: int, step: CallTools | Finish) -> None:
    state = STATE.model_copy(update={"turns": turns, "collected": "so far"})
    assert next_step(LOOP, answer(*entries), state) == step


@pytest.mark.parametrize(
    ("entries", "tokens", "step"),
    [
        ((A,), 99, CallTools((A,))),
        ((A,), 100, Finish(Reason.BUDGET_EXCEEDED, "so far")),
        ((A,), 250, Finish(Reason.BUDGET_EXCEEDED, "so far")),
        ((said("done"),), 250, Finish(Reason.SUCCEEDED, "done")),
    ],
)
def test_no_model_is_called_beyond_the_budget(
    entries: tuple[Entry, ...], tokens: int, step: CallTools | Finish
) -> None:
    state = STATE.model_copy(update={"turns": 3, "collected": "so far", "usage": Usage(total_tokens=tokens)})
    bounded = loop(max_total_tokens=100, max_turns=9)
    assert next_step(bounded, answer(*entries), state) == step
    if isinstance(step, Finish) and step.reason is Reason.BUDGET_EXCEEDED:
        assert f"after {tokens} tokens: limits.maxTotalTokens is 100" in ended(bounded, state, step).message


def test_an_answer_that_fits_the_schema_is_final() -> None:
    step = next_step(loop(schema=RATE), answer(said('{"rate": 4.25}')), STATE)
    assert step == Finish(Reason.SUCCEEDED, '{"rate": 4.25}', structured=True)
    assert ended(LOOP, STATE, step).structured


def test_words_before_an_answer_in_a_given_form_do_no_harm() -> None:
    step = next_step(
        loop(schema=RATE), answer(said("I looked it up."), SEARCH, said('{"rate": 4.25}')), STATE
    )
    assert step == Finish(Reason.SUCCEEDED, '{"rate": 4.25}', structured=True)


def test_an_answer_that_does_not_fit_goes_back_with_the_reason_and_a_number_of_its_own() -> None:
    state, messages = STATE, []
    for _ in range(2):
        step = next_step(loop(schema=RATE), answer(said('{"rate": "high"}')), state)
        assert isinstance(step, Correct)
        messages.append(step.message)
        state = advanced(corrected(state, step.message), answer())
        assert state.correction is None
    assert "$.rate: 'high' is not of type 'number'" in messages[0]
    assert ["(correction 1 of 2)" in messages[0], "(correction 2 of 2)" in messages[1]] == [True, True]
    last = next_step(loop(schema=RATE), answer(said('{"rate": "high"}')), state)
    assert isinstance(last, Finish)
    assert (last.reason, last.text, last.structured) == (Reason.OUTPUT_INVALID, '{"rate": "high"}', False)
    assert "told 2 times, as limits.outputRetries allows" in last.message


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"output_retries": 0}, "told 0 times, as limits.outputRetries allows"),
        ({"max_turns": 1}, "limits.maxTurns left no turn for another correction"),
        ({"max_total_tokens": 5}, "limits.maxTotalTokens left nothing for another correction"),
    ],
)
def test_an_answer_that_may_not_go_back_is_kept_with_the_reason(limits: dict[str, int], why: str) -> None:
    bounded, reply = loop(schema=RATE, **limits), answer(said("high"))
    state = advanced(STATE, reply)
    step = next_step(bounded, reply, state)
    assert isinstance(step, Finish)
    assert (step.reason, step.text) == (Reason.OUTPUT_INVALID, "high")
    message = ended(bounded, state, step).message
    assert message.startswith("The answer does not fit spec.outputSchema: it is not JSON alone")
    assert why in message


def test_a_model_that_goes_round_in_circles_is_told_and_then_stopped() -> None:
    state, results = STATE, []
    for _ in range(4):
        state = advanced(state, answer(said("hm"), A))
        taken = after_tools(LOOP, state, (A,), ("same",))
        assert isinstance(taken, LoopState)
        state = taken
        results.append(state.results[0].text)
    assert [len(result) > len("same") for result in results] == [False, False, True, False]
    stop = after_tools(LOOP, advanced(state, answer(A)), (A,), ("same",))
    assert isinstance(stop, Finish)
    assert (stop.reason, stop.text) == (Reason.STUCK_IN_LOOP, "hm\n\nhm\n\nhm\n\nhm")
    assert "called tool_a" in ended(LOOP, state, stop).message


def test_an_answer_is_counted_and_what_it_answered_is_dropped() -> None:
    answered = with_results(advanced(STATE, answer(said("one"), A)), (A,), ("result",))
    before = key_failed(throttled(answered), STATE.deadline)
    after = advanced(before, answer(said("two")))
    assert after == LoopState(
        deadline=STATE.deadline,
        turns=2,
        usage=Usage(prompt_tokens=6, completion_tokens=4, total_tokens=10),
        collected="one\n\ntwo",
        conversation_id="conv_1",
        results=(),
        throttled=0,
    )


def test_what_is_carried_along_stays_within_a_payload() -> None:
    state = advanced(STATE, answer(said("x" * 2 * COLLECTED_LIMIT)))
    full = with_results(state, (A, B), ("y" * RESULTS_LIMIT, "z" * RESULTS_LIMIT))
    assert json_size(full.collected) <= COLLECTED_LIMIT
    assert sum(json_size(result.text) for result in full.results) <= RESULTS_LIMIT


@pytest.mark.parametrize(
    ("met", "retry_after", "seconds"),
    [
        (0, None, 1),
        (1, None, 2),
        (4, None, 16),
        (5, None, 30),
        (500, None, 30),
        (3, 0, 1),
        (0, 90, 90),
        (9, 2.5, 2.5),
    ],
)
def test_a_429_is_waited_out_as_the_provider_says_or_ever_longer(
    met: int, retry_after: float | None, seconds: float
) -> None:
    state = STATE.model_copy(update={"throttled": met})
    told = None if retry_after is None else timedelta(seconds=retry_after)
    assert throttle_pause(state, told, 0.0).total_seconds() == seconds
    assert throttle_pause(state, told, 1.0).total_seconds() == pytest.approx(seconds * 1.2)


@pytest.mark.parametrize(
    ("failures", "minutes", "given_up"),
    [
        (1, 0, False),
        (29, 4.9, False),
        (30, 5, True),
        (2, 20, False),
        (3, 20, True),
    ],
)
def test_a_key_has_its_time_to_be_put_right(failures: int, minutes: float, given_up: bool) -> None:  # noqa: FBT001  # a table
    wait = KeyWait(interval=timedelta(seconds=10), window=timedelta(minutes=5), least_attempts=3)
    began, state = STATE.deadline, STATE
    for nth in range(failures):
        state = key_failed(state, began + timedelta(seconds=nth))
    assert key_given_up(state, wait, began + timedelta(minutes=minutes)) == given_up


def test_a_429_says_that_the_key_is_right() -> None:
    state = throttled(key_failed(STATE, STATE.deadline))
    assert (state.throttled, state.key_failures, state.key_failing_since) == (1, 0, None)


def test_the_model_is_told_what_tools_it_has() -> None:
    assert not_given((ROUTE,), "rob") == "There is no tool rob. Your tools: pay"
    assert not_given((), "rob") == "There is no tool rob. Your tools: none"


def test_the_model_is_told_that_an_interrupted_call_may_have_happened() -> None:
    assert "It may or may not have taken effect" in interrupted(ROUTE)
