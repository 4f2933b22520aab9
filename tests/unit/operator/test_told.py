"""What a follower of a run reads."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from agents_operator.temporal.happenings import (
    Began,
    Brought,
    Called,
    Ended,
    HandedOff,
    Happening,
    Heard,
    Ran,
    Said,
    Shutdown,
    Told,
    Trouble,
    Waits,
)
from agents_operator.told import LINE_LIMIT, TEXT_LIMIT, json_line, line

LONG = "12:00:04  end      Succeeded\n" * 100_000
AT = datetime(2026, 3, 1, 12, 0, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("happening", "written"),
    [
        (Began(at=AT, turn=0, agent="desk", text="Look"), "start    desk is asked: Look\n"),
        (Said(at=AT, turn=12, agent="desk", text="Yes.\n"), "turn 12  desk: Yes.\n"),
        (
            Said(at=AT, turn=1, agent="desk", text="One\n\ntwo"),
            "turn 1   desk: One\n\n                   two\n",
        ),
        (
            Called(at=AT, turn=1, agent="desk", tool="get_rate", arguments='{"year":\n 2023}'),
            'turn 1   desk calls get_rate {"year": 2023}\n',
        ),
        (
            Called(at=AT, turn=1, agent="desk", tool="ask_user", arguments='{"question": "Which bank?"}'),
            "turn 1   desk asks the user: Which bank?\n",
        ),
        (
            Called(at=AT, turn=1, agent="desk", tool="ask_user", arguments="{}"),
            "turn 1   desk asks the user: {}\n",
        ),
        (Brought(at=AT, turn=1, tool="get_rate", text="4.25\n"), "         get_rate -> 4.25\n"),
        (
            Brought(at=AT, turn=1, tool="get_rate", text="too slow", failed=True),
            "         get_rate failed: too slow\n",
        ),
        (
            Ran(at=AT, turn=1, agent="desk", tool="web_search", arguments="{}"),
            "turn 1   desk has the provider run web_search {}\n",
        ),
        (HandedOff(at=AT, turn=2, agent="desk", to="rates"), "turn 2   desk hands off to rates\n"),
        (
            Waits(at=AT, turn=2, text="the provider limits the rate", until=AT + timedelta(minutes=2)),
            "waits    until 12:02:03: the provider limits the rate\n",
        ),
        (Heard(at=AT, turn=2, id="one", text="Hurry"), "input    one: Hurry\n"),
        (Told(at=AT, turn=2, id="one"), "input    one is told to the model\n"),
        (Shutdown(at=AT, turn=2, how="Stop"), "shutdown Stop\n"),
        (Trouble(at=AT, turn=2, text="it failed"), "trouble  it failed\n"),
        (
            Ended(at=AT, turn=2, reason="Stopped", message="enough", tokens=70, seconds=4.21),
            "end      Stopped: enough (2 turns, 70 tokens, 4.2s)\n",
        ),
        (
            Ended(at=AT, turn=1, reason="Succeeded", message="done", tokens=7, seconds=125),
            "end      Succeeded: done (1 turn, 7 tokens, 2m5s)\n",
        ),
    ],
)
def test_each_thing_is_a_line_for_people(happening: Happening, written: str) -> None:
    assert line(happening) == f"12:00:03  {written}"


def test_long_results_and_words_are_cut() -> None:
    result = line(Brought(at=AT, turn=1, tool="t", text="x" * 10_000))
    assert result.endswith("x…\n")
    assert len(result) == LINE_LIMIT + len("12:00:03           t -> \n")
    words = line(Said(at=AT, turn=1, agent="a", text="x" * 10_000))
    assert len(words) == TEXT_LIMIT + len("12:00:03  turn 1   a: \n")


@pytest.mark.parametrize(
    "happening",
    [
        Said(at=AT, turn=1, agent=LONG, text="x"),
        Called(at=AT, turn=1, agent="a", tool=LONG, arguments="{}"),
        Called(at=AT, turn=1, agent="a", tool="ask_user", arguments=json.dumps({"question": LONG})),
        Brought(at=AT, turn=1, tool=LONG, text="x"),
        Ran(at=AT, turn=1, agent="a", tool=LONG, arguments="{}"),
        HandedOff(at=AT, turn=1, agent="a", to=LONG),
        Heard(at=AT, turn=1, id=LONG, text="x"),
        Told(at=AT, turn=1, id=LONG),
        Trouble(at=AT, turn=1, text=LONG),
        Ended(at=AT, turn=1, reason="Stopped", message=LONG, tokens=1, seconds=1),
    ],
    ids=lambda happening: happening.type,
)
def test_whatever_strangers_made_up_is_one_short_line(happening: Happening) -> None:
    written = line(happening)
    assert written.count("\n") == 1
    assert len(written) < LINE_LIMIT + 100


HOSTILE = "\x1b[31mred\x9b2J \u202etxt \x07\ud800"


def test_terminals_are_not_obeyed() -> None:
    written = line(Brought(at=AT, turn=1, tool="t\x1b", text=HOSTILE))
    assert written == "12:00:03           t -> [31mred2J txt\n"
    assert json_line(Brought(at=AT, turn=1, tool="t", text=HOSTILE)).isascii()


def test_json_has_all_of_it() -> None:
    written = json_line(Brought(at=AT, turn=1, tool="t", text=HOSTILE + "x" * 10_000))
    assert written.endswith("\n")
    assert json.loads(written) == {
        "at": "2026-03-01T12:00:03Z",
        "turn": 1,
        "type": "result",
        "tool": "t",
        "text": HOSTILE + "x" * 10_000,
        "failed": False,
    }
