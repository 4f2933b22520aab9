"""Where runs are in their traces."""

import pytest

from agents_crds.telemetry.context import TraceContext
from agents_operator.runs.traces import RunTrace, traceparent
from tests.unit.operator.objects import Manifest, run

UID = "5f0e4f3a-93c5-4b1e-8f0d-2b6a3f0c9d11"
OWN = "00-5f0e4f3a93c54b1e8f0d2b6a3f0c9d11-"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{SPAN}-01"


def annotated(given: str | None) -> Manifest:
    others: Manifest = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    return others if given is None else {**others, "traceparent": given}


def of(given: str | None) -> str:
    return traceparent(run(uid=UID, annotations=annotated(given)).metadata)


def trace_of(given: str | None, uid: str = UID) -> RunTrace:
    return RunTrace.of(run(uid=uid, annotations=annotated(given)).metadata)


@pytest.mark.parametrize("flags", ["00", "01"])
def test_run_of_which_nobody_tells_is_where_its_annotation_says(flags: str) -> None:
    assert of(f"00-{TRACE}-{SPAN}-{flags}") == f"00-{TRACE}-{SPAN}-{flags}"


@pytest.mark.parametrize("given", [None, "", "nonsense", f"00-{TRACE.upper()}-{SPAN}-01"])
def test_run_without_a_trace_has_one_that_is_found_by_its_uid(given: str | None) -> None:
    assert of(given).startswith(OWN)
    assert of(given) == of(None)


def test_run_and_its_loop_are_below_what_the_annotation_names() -> None:
    trace = trace_of(GIVEN)
    assert trace.caller == TraceContext(TRACE, SPAN)
    assert {trace.run.trace, trace.loop.trace} == {TRACE}
    assert len({SPAN, trace.run.span, trace.loop.span}) == 3


def test_run_without_a_caller_is_the_first_of_its_trace() -> None:
    trace = trace_of(None)
    assert trace.caller is None
    assert str(trace.run) == of(None)
    assert trace.loop.span != trace.run.span


@pytest.mark.parametrize("given", [None, GIVEN])
def test_places_are_found_again_and_no_other_run_has_them(given: str | None) -> None:
    assert trace_of(given) == trace_of(given)
    other = trace_of(given, "6f0e4f3a-93c5-4b1e-8f0d-2b6a3f0c9d11")
    assert not {trace_of(given).run.span, trace_of(given).loop.span} & {other.run.span, other.loop.span}


@pytest.mark.parametrize("is_sampled", [True, False])
def test_decision_goes_along(is_sampled: bool) -> None:  # noqa: FBT001
    trace = trace_of(GIVEN).sampled(is_sampled=is_sampled)
    assert (trace.run.is_sampled, trace.loop.is_sampled) == (is_sampled, is_sampled)
