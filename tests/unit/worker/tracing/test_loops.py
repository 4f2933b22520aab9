"""Loops of users' workflows as spans."""

from datetime import UTC, datetime, timedelta

import pytest

from agents_crds.contract.child import ChildLoop
from agents_crds.contract.run import LoopResult, Usage
from agents_crds.telemetry.context import TraceContext
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.tracing.loops import loop_span
from tests.unit.worker.loops import loop
from tests.unit.worker.tracing.requests import TRACE, TRACEPARENT

BEGAN = datetime(2026, 7, 1, 12, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=3)
RESULT = LoopResult(
    reason=Reason.TIMED_OUT,
    message="too late",
    text="",
    turns=1,
    usage=Usage(prompt_tokens=7),
    conversation_id=None,
)


def child(traceparent: str, caller: str = "") -> ChildLoop:
    return ChildLoop(loop=loop().model_copy(update={"traceparent": traceparent}), caller=caller)


def test_a_loop_is_told_below_its_caller() -> None:
    told = loop_span(
        child(TRACEPARENT, caller=f"00-{TRACE}-{'1' * 16}-01"), RESULT, "w", began=BEGAN, ended=ENDED
    )
    assert told is not None
    assert (told.context, told.parent) == (TraceContext.read(TRACEPARENT), TraceContext(TRACE, "1" * 16))
    assert (told.began, told.ended, told.error) == (BEGAN, ENDED, "TimedOut")
    assert told.attributes["gen_ai.usage.input_tokens"] == 7


@pytest.mark.parametrize("traceparent", ["", "nonsense", f"00-{TRACE}-{'1' * 16}-00"])
def test_a_loop_in_no_trace_that_is_told_is_not_told(traceparent: str) -> None:
    assert loop_span(child(traceparent), RESULT, "w", began=BEGAN, ended=ENDED) is None
