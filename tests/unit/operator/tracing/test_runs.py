"""Which traces are told of, as the operator decides it."""

import pytest

from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.spans import Span
from agents_operator.tracing.runs import RunTraces
from tests.unit.operator.objects import NOW

PLACE = TraceContext.own("5f0e4f3a-93c5-4b1e-8f0d-2b6a3f0c9d11")
UNTOLD = TraceContext(PLACE.trace, "00f067aa0ba902b7", "00")


class Sampling:
    """A collector that is told of no trace that begins here, and else as the place above says."""

    def emit(self, span: Span) -> None:
        raise AssertionError(span)

    def samples(self, parent: TraceContext | None, trace: str) -> bool:
        assert trace == PLACE.trace
        return parent is not None and parent.is_sampled


@pytest.mark.parametrize(
    ("parent", "flags"), [(None, "00"), (PLACE, "01"), (UNTOLD, "00")], ids=["first", "told", "untold"]
)
def test_a_loop_of_no_run_is_sampled_as_a_run_is(parent: TraceContext | None, flags: str) -> None:
    decided = RunTraces(Sampling(), now=lambda: NOW).decided(str(PLACE), parent)
    assert decided == f"00-{PLACE.trace}-{PLACE.span}-{flags}"


def test_without_a_collector_the_place_stays_as_it_is() -> None:
    assert RunTraces(None, now=lambda: NOW).decided(str(UNTOLD), None) == str(UNTOLD)
