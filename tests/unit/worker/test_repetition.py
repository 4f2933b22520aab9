"""When a model goes round in circles."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from agents_crds.contract.run import LoopState, ToolRoute
from agents_worker.messages import FunctionCall
from agents_worker.workflows.repetition import (
    STOPPED_AFTER,
    TOLD_AFTER,
    repeated,
    stuck,
    stuck_message,
    told,
    turn_digest,
)

Turn = tuple[tuple[str, str, str], ...]
"""Tool, arguments and result of each call."""

STATE = LoopState(deadline=datetime(2025, 1, 1, tzinfo=UTC))
ROUTES = tuple(
    ToolRoute(name=name, queue="q", idempotent=False, timeout=timedelta(minutes=1), polling=name == "poll")
    for name in ("get", "put", "poll")
)
GET: Turn = (("get", '{"a": 1, "b": 2}', "3"),)


def calls_of(turn: Turn) -> tuple[FunctionCall, ...]:
    return tuple(
        FunctionCall(tool_call_id=f"c{number}", name=name, arguments=arguments)
        for number, (name, arguments, _) in enumerate(turn)
    )


def routes_of(turn: Turn) -> list[ToolRoute | None]:
    return [next((route for route in ROUTES if route.name == name), None) for name, _, _ in turn]


def after(turns: Iterable[Turn]) -> LoopState:
    state = STATE
    for turn in turns:
        state = repeated(state, routes_of(turn), calls_of(turn), [result for _, _, result in turn])
    return state


@pytest.mark.parametrize(
    ("turns", "repeats"),
    [
        ((GET,), 1),
        ((GET, GET), 2),
        ((GET, (("get", '{"b":2,"a":1}', "3"),)), 2),
        ((GET, (*GET, *GET)), 2),
        ((GET, (*GET, ("poll", "{}", "9"))), 2),
        (((*GET, ("put", "{}", "ok")), (("put", "{}", "ok"), *GET)), 2),
        ((GET, (("get", '{"a": 1, "b": 3}', "3"),)), 1),
        ((GET, (("get", '{"a": 1, "b": 2}', "4"),)), 1),
        ((GET, (("put", '{"a": 1, "b": 2}', "3"),)), 1),
        ((GET, (*GET, ("put", "{}", "ok"))), 1),
        ((GET, (("put", "{}", "ok"),), GET), 1),
        (((("poll", "{}", "9"),),) * 7, 0),
        ((GET, (("poll", "{}", "9"),), GET), 1),
        (((("ask_user", '{"question": "Go on?"}', "Yes."),),) * 7, 0),
        (((("gone", "no JSON", "There is no tool gone"),),) * 2, 2),
    ],
)
def test_turns_repeat_when_calls_and_results_are_the_same(turns: tuple[Turn, ...], repeats: int) -> None:
    assert after(turns).repeats == repeats


@pytest.mark.parametrize(
    ("turns", "is_told", "is_stuck"),
    [
        (TOLD_AFTER - 1, False, False),
        (TOLD_AFTER, True, False),
        (TOLD_AFTER + 1, False, False),
        (STOPPED_AFTER - 1, False, False),
        (STOPPED_AFTER, False, True),
    ],
)
def test_model_is_told_once_and_stopped_when_it_goes_on(turns: int, *, is_told: bool, is_stuck: bool) -> None:
    state = after([GET] * turns)
    first, last = told(state, ("one", "two"))
    assert (first, last.startswith("two\n\n[Note: you have now made exactly the same calls")) == (
        "one",
        is_told,
    )
    assert stuck(state) == is_stuck


def test_people_are_told_what_was_repeated_and_what_helps() -> None:
    message = stuck_message(after([GET] * STOPPED_AFTER), calls_of((*GET, ("put", "{}", ""))))
    assert "called get, put with the same arguments" in message
    assert "@tool(polling=True)" in message


def test_what_is_carried_over_a_new_execution_is_small() -> None:
    huge: Turn = tuple(("get", f'{{"n": {number}}}', "x" * 1000) for number in range(1000))
    assert len(turn_digest(routes_of(huge), calls_of(huge), ["x" * 1000] * 1000)) == 32
