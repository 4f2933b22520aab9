"""What people say to a loop, until its model is told."""

import pytest

from agents_crds.contract.run import UserInput
from agents_crds.v1alpha1.limits import USER_INPUT_ID_LIMIT, USER_INPUT_LIMIT, USER_INPUT_TEXT_LIMIT
from agents_worker.workflows.control import Control
from tests.unit.worker.loops import STATE

HURRY = UserInput(id="hurry", text="Be quick.")


def some(count: int) -> tuple[UserInput, ...]:
    return tuple(UserInput(id=f"n{number}", text="More.") for number in range(count))


def test_an_input_is_told_once_however_often_it_is_said() -> None:
    control = Control(None)
    for _ in range(2):
        control.hear(HURRY)
    assert control.take() == (HURRY,)
    control.hear(HURRY)
    control.was_told()
    control.hear(HURRY)
    assert (control.inbox, control.told) == ((), ("hurry",))


def test_what_was_said_twice_under_one_id_is_what_was_said_first() -> None:
    control = Control(None)
    control.hear(HURRY)
    control.hear(UserInput(id="hurry", text="Take your time."))
    assert control.take() == (HURRY,)


def test_the_oldest_inputs_are_told_first_and_not_all_at_once() -> None:
    control, said = Control(None), some(20)
    for each in said:
        control.hear(each)
    assert control.take(1) == said[:1]
    assert control.take() == said[1:9]
    assert control.inbox == said[9:]


def test_an_execution_goes_on_with_what_the_one_before_heard() -> None:
    control, (told, telling, unread) = Control(None), some(3)
    control.hear(told)
    control.take()
    control.was_told()
    control.hear(telling)
    control.take()
    control.hear(unread)
    next_one = Control(control.onto(STATE))
    for each in (told, telling, unread, HURRY):
        next_one.hear(each)
    assert next_one.inbox == (unread, HURRY)
    next_one.was_told()
    assert next_one.told == (told.id, telling.id)


@pytest.mark.parametrize(
    ("text", "heard", "ended", "refusal"),
    [
        ("Be quick.", 0, False, None),
        ("Be quick.", USER_INPUT_LIMIT - 1, False, None),
        ("Be quick.", USER_INPUT_LIMIT, False, "32 inputs wait for the model already"),
        ("Be quick.", 0, True, "the run is over and hears nothing more"),
        ("x" * USER_INPUT_TEXT_LIMIT, 0, False, None),
        ("x" * (USER_INPUT_TEXT_LIMIT + 1), 0, False, "an input has 1 to 8192 characters"),
        ("", 0, False, "an input has 1 to 8192 characters"),
    ],
)
def test_what_cannot_be_told_is_refused(text: str, heard: int, ended: bool, refusal: str | None) -> None:  # noqa: FBT001  # a table
    control, said = Control(None), UserInput(id="said", text=text)
    for each in some(heard):
        control.hear(each)
    control.ended = ended
    assert (control.refusal(said) or "").startswith(refusal or "")
    assert (control.refusal(said) is None) == (refusal is None)
    control.hear(said)
    assert (said in control.inbox) == (refusal is None)


@pytest.mark.parametrize("length", [0, USER_INPUT_ID_LIMIT + 1])
def test_an_id_that_no_agentrun_could_have_is_refused(length: int) -> None:
    control, said = Control(None), UserInput(id="i" * length, text="Be quick.")
    assert control.refusal(said) == "the id of an input has 1 to 63 characters: choose another one"
    control.hear(said)
    assert control.inbox == ()


def test_what_was_heard_before_the_end_is_not_refused_after_it() -> None:
    control = Control(None)
    control.hear(HURRY)
    control.ended = True
    assert control.refusal(HURRY) is None
