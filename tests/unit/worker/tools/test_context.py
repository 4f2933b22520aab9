"""What a tool's author holds in a test: a context without Temporal."""

import json
import logging
from dataclasses import FrozenInstanceError

import pytest

from agents_worker import RunReference, ToolContext, tool


@tool
def pay(amount: int, context: ToolContext) -> str:
    context.heartbeat(amount)
    context.logger.info("paid %s", amount)
    return f"{context.idempotency_key} {context.is_cancelled()}"


def test_a_tool_is_called_as_the_function_that_it_is() -> None:
    assert pay(5, ToolContext(idempotency_key="k")) == "k False"


def test_each_context_of_a_test_is_a_call_of_its_own() -> None:
    assert ToolContext().idempotency_key != ToolContext().idempotency_key
    assert (ToolContext().run, ToolContext().attempt, ToolContext().progress) == (None, 1, ())


def test_a_test_sees_what_its_tool_beats() -> None:
    beats: list[int] = []
    pay(5, ToolContext(heartbeat=beats.append))
    assert beats == [5]


def test_a_context_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ToolContext().agent = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("context", "line"),
    [
        (ToolContext(), "paid 5"),
        (ToolContext(tool="pay"), "[tool=pay] paid 5"),
        (
            ToolContext(run=RunReference(namespace="team", name="r-1", uid="u"), agent="finance", tool="pay"),
            "[run=team/r-1 agent=finance tool=pay] paid 5",
        ),
    ],
)
def test_each_line_of_the_log_says_which_call_it_is_about(
    context: ToolContext, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        pay(5, context)
    assert caplog.messages == [line]


def test_a_record_has_the_call_and_the_callers_fields_for_logs_that_are_not_read_by_people(
    caplog: pytest.LogCaptureFixture,
) -> None:
    context = ToolContext(agent="finance", tool="pay", tool_call_id="c1", attempt=2)
    context.logger.warning("late", extra={"days": 3})
    fields = vars(caplog.records[0])
    named = {name: fields[name] for name in ("run", "agent", "tool", "tool_call_id", "attempt", "days")}
    assert json.loads(json.dumps(named)) == {
        "run": "",
        "agent": "finance",
        "tool": "pay",
        "tool_call_id": "c1",
        "attempt": 2,
        "days": 3,
    }
