"""How the model is told what people say."""

from datetime import timedelta

import pytest

from agents_crds.contract.run import FunctionResult, LoopState, UserInput
from agents_crds.contract.transcript import ModelMessage, ResultMessage
from agents_worker.messages import FunctionCall
from agents_worker.workflows.hearing import can_hear, heard, is_question, reply
from agents_worker.workflows.turn import said
from tests.unit.worker.loops import ROUTE, STATE, loop, snapshot

HURRY, STOP = UserInput(id="hurry", text="Be quick."), UserInput(id="stop", text="And brief.")
RESULTS = (FunctionResult(tool_call_id="a", text="1"), FunctionResult(tool_call_id="b", text="2"))
ASKING = FunctionCall(tool_call_id="q", name="ask_user", arguments='{"question": "Which year?"}')


def test_beside_results_words_are_notes_on_the_last_one() -> None:
    told = heard(STATE.model_copy(update={"results": RESULTS}), (HURRY, STOP))
    assert [each.text for each in told.results] == [
        "1",
        "2\n\n[The user says meanwhile: Be quick.]\n\n[The user says meanwhile: And brief.]",
    ]
    assert told.say == ()


def test_without_results_words_are_messages_after_what_is_said_already() -> None:
    told = heard(STATE.model_copy(update={"say": (said("Fix it."),)}), (HURRY, STOP))
    assert told.say == (said("Fix it."), said("Be quick."), said("And brief."))


def test_behind_the_results_of_a_run_that_is_gone_on_with_words_are_a_note_on_the_last_one() -> None:
    told = ResultMessage(call_id="a", name="pay", text="1")
    left = STATE.model_copy(update={"transcript": (ModelMessage(agent="finance"), told)})
    noted = told.model_copy(update={"text": "1\n\n[The user says meanwhile: Be quick.]"})
    assert heard(left, (HURRY,)) == left.model_copy(update={"transcript": (left.transcript[0], noted)})
    answered = STATE.model_copy(update={"transcript": (told, ModelMessage(agent="finance"))})
    assert heard(answered, (HURRY,)) == answered.model_copy(update={"say": (said("Be quick."),)})


def test_nothing_said_changes_nothing() -> None:
    assert heard(STATE, ()) is STATE


@pytest.mark.parametrize(
    ("update", "can"),
    [
        ({}, True),
        ({"results": RESULTS}, True),
        ({"results": RESULTS, "denials": ("d",)}, True),
        ({"denials": ("d",)}, False),
        ({"throttled": 1}, False),
        ({"key_failures": 1}, False),
    ],
)
def test_a_call_that_may_have_been_made_is_repeated_as_it_was(
    update: dict[str, object],
    can: bool,  # noqa: FBT001  # a table
) -> None:
    assert can_hear(LoopState.model_copy(STATE, update=update)) == can


def test_only_the_tool_that_the_run_gives_asks_a_person() -> None:
    hour, own = timedelta(hours=1), ROUTE.model_copy(update={"name": "ask_user"})
    waiting = loop().model_copy(update={"limits": loop().limits.model_copy(update={"wait_for_input": hour})})
    assert is_question(waiting, STATE, ASKING)
    assert not is_question(loop(), STATE, ASKING)
    assert not is_question(waiting, STATE, ASKING.model_copy(update={"name": "ask"}))
    assert not is_question(waiting, STATE, ASKING.model_copy(update={"confirmation": "pending"}))
    with_own = waiting.model_copy(update={"agent": snapshot("finance", own)})
    assert not is_question(with_own, STATE, ASKING)


def test_a_question_gets_its_answer_or_the_reason_why_not() -> None:
    hour = timedelta(hours=1)
    assert reply((HURRY,), hour, stopped=False) == reply((HURRY,), hour, stopped=True) == "Be quick."
    assert reply((), hour, stopped=False).startswith("Nobody answered within 1h. Go on without")
    assert reply((), hour, stopped=True) == "Nobody answered before the run was stopped"
