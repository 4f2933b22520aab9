"""The trace context of tool calls."""

import re

import pytest

from agents_worker.workflows.tracing import call_traceparent

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


def test_a_call_gets_a_span_of_its_own_in_the_trace_of_the_run() -> None:
    first, again, other, elsewhere = (
        call_traceparent(f"00-{TRACE}-{SPAN}-01", run, call)
        for run, call in (("r1", "c1"), ("r1", "c1"), ("r1", "c2"), ("r2", "c1"))
    )
    assert first == again
    assert len({first, other, elsewhere}) == 3
    assert re.fullmatch(rf"00-{TRACE}-[0-9a-f]{{16}}-01", first)
    assert SPAN not in first


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{SPAN}",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_without_a_valid_context_there_is_none(traceparent: str) -> None:
    assert call_traceparent(traceparent, "r1", "c1") == ""
