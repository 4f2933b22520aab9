"""The loop's decisions."""

import pytest

from agents_crds.contract.cut import json_size
from agents_crds.contract.entries import ToolCallEntry
from agents_crds.contract.run import Usage
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.messages import Entry, Execution, FunctionCall
from agents_worker.text import CARRIED_LIMIT, COLLECTED_LIMIT, RESULTS_LIMIT, size_of
from agents_worker.workflows.ending import Finish, ended
from agents_worker.workflows.replies import DENIED
from agents_worker.workflows.turn import (
    CallTools,
    Correct,
    advanced,
    after_calls,
    carried,
    corrected,
    going_round,
    next_step,
    pending_calls,
    written_text,
)
from tests.unit.worker.loops import ASKING, STATE, TOKENS, A, B, answer, loop, said, to

LOOP = loop()
HANDOFF = to("rates")
SEARCH = Execution(name="web_search", arguments="{}", info={})
RATE = JsonSchema({"type": "object", "properties": {"rate": {"type": "number"}}, "required": ["rate"]})


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
        ((A, HANDOFF, B, HANDOFF, ASKING, A), (ASKING, A)),
        ((ASKING.model_copy(update={"confirmation": "allowed"}), B), (B,)),
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
        ((ASKING,), 2, CallTools((ASKING,))),
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
        state = advanced(LOOP, corrected(state, step.message), answer())
        assert state.say == ()
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
    state = advanced(bounded, STATE, reply)
    step = next_step(bounded, reply, state)
    assert isinstance(step, Finish)
    assert (step.reason, step.text) == (Reason.OUTPUT_INVALID, "high")
    message = ended(bounded, state, step).message
    assert message.startswith("The answer does not fit spec.outputSchema: it is not JSON alone")
    assert why in message


def test_a_model_that_goes_round_in_circles_is_told_and_then_stopped() -> None:
    state, results = STATE, []
    for _ in range(4):
        state = after_calls(LOOP, advanced(LOOP, state, answer(said("hm"), A)), (A,), ("same",))
        assert going_round(state, (A,)) is None
        results.append(state.results[0].text)
    assert [len(result) > len("same") for result in results] == [False, False, True, False]
    state = after_calls(LOOP, advanced(LOOP, state, answer(A)), (A,), ("same",))
    stop = going_round(state, (A,))
    assert stop is not None
    assert (stop.reason, stop.text) == (Reason.STUCK_IN_LOOP, "hm\n\nhm\n\nhm\n\nhm")
    assert "called tool_a" in ended(LOOP, state, stop).message
    told = [entry.result for entry in state.entries if isinstance(entry, ToolCallEntry)]
    assert told == [*results, "same"]


def test_a_model_that_only_asks_for_what_is_denied_is_stopped() -> None:
    state = STATE
    for _ in range(5):
        assert going_round(state, (ASKING,)) is None
        state = after_calls(LOOP, advanced(LOOP, state, answer(ASKING)), (ASKING,), (DENIED,))
    stop = going_round(state, (ASKING,))
    assert stop is not None
    assert "send_mail with the same arguments 5 times in a row, although each call waits" in stop.message


def test_calls_of_ours_get_results_and_others_denials() -> None:
    calls = (ASKING, A)
    state = after_calls(LOOP, advanced(LOOP, STATE, answer(*calls)), calls, (DENIED, "3"))
    assert [(result.tool_call_id, result.text) for result in state.results] == [("a", "3")]
    assert state.denials == ("d",)
    assert state.entries == (
        ToolCallEntry(agent="finance", name="send_mail", arguments="{}", result=DENIED, denied=True),
        ToolCallEntry(agent="finance", name="tool_a", arguments="{}", result="3"),
    )
    after = advanced(LOOP, state, answer(said("done")))
    assert (after.results, after.denials) == ((), ())


def test_calls_of_one_id_keep_their_own_results() -> None:
    calls = (A, A.model_copy(update={"arguments": '{"n": 2}'}))
    state = after_calls(LOOP, advanced(LOOP, STATE, answer(*calls)), calls, ("1", "2"))
    assert [result.text for result in state.results] == ["1", "2"]
    assert [entry.result for entry in state.entries if isinstance(entry, ToolCallEntry)] == ["1", "2"]


def test_an_answer_is_counted_and_what_it_answered_is_dropped() -> None:
    answered = after_calls(LOOP, advanced(LOOP, STATE, answer(said("one"), A)), (A,), ("result",))
    before = answered.model_copy(
        update={"throttled": 1, "key_failures": 1, "key_failing_since": STATE.deadline}
    )
    after = advanced(LOOP, before, answer(said("two")))
    assert (after.turns, after.usage, after.collected) == (2, TOKENS + TOKENS, "one\n\ntwo")
    assert (after.results, after.throttled, after.key_failures, after.key_failing_since) == ((), 0, 0, None)


def test_what_is_carried_along_stays_within_a_payload() -> None:
    state = advanced(LOOP, STATE, answer(said("x" * 2 * COLLECTED_LIMIT), A, B))
    full = after_calls(LOOP, state, (A, B), ("y" * RESULTS_LIMIT, "z" * RESULTS_LIMIT))
    assert json_size(full.collected) <= COLLECTED_LIMIT
    assert sum(json_size(result.text) for result in full.results) <= RESULTS_LIMIT
    assert carried(LOOP, full) is full


def test_results_are_cut_where_a_new_execution_has_no_room_for_them() -> None:
    calls = (A, B)
    state = after_calls(LOOP, advanced(LOOP, STATE, answer(*calls)), calls, ("y" * 600_000, "z"))
    large = LOOP.model_copy(update={"input": "x" * (CARRIED_LIMIT - 500_000)})
    cut = carried(large, state)
    assert cut is not None
    assert size_of(large) + size_of(cut) <= CARRIED_LIMIT
    first, second = cut.results
    assert first.text.startswith("y" * 200_000)
    assert "[cut: the whole text of 600002 bytes" in first.text
    assert cut.model_copy(update={"results": state.results}) == state
    assert second == state.results[1]
    assert carried(LOOP.model_copy(update={"input": "x" * CARRIED_LIMIT}), state) is None
