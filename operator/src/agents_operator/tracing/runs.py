"""Tells a collector of AgentRuns, once of each end that was written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from agents_crds.contract.run import RunOutcome
from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.spans import Span
from agents_crds.v1alpha1 import AgentRun, ObjectMeta
from agents_operator.runs.traces import RunTrace, traceparent
from agents_operator.tracing.run_spans import spans_of


class Collector(Protocol):
    """Where spans go."""

    def emit(self, span: Span) -> None:
        """Take a span; it must not wait."""

    def samples(self, parent: TraceContext | None, trace: str) -> bool:
        """Tell whether a trace is to be told of."""


class RunTraces:
    """Says where runs are in their traces, and tells of them; without a collector, it only says."""

    def __init__(self, collector: Collector | None, *, now: Callable[[], datetime]) -> None:
        self._collector = collector
        self._now = now

    def traceparent(self, metadata: ObjectMeta) -> str:
        """Return the place below which everything that a run does is told."""
        collector = self._collector
        return traceparent(metadata) if collector is None else str(_trace(metadata, collector).loop)

    def decided(self, place: str, parent: TraceContext | None) -> str:
        """Return the place of a loop of no run with the decision whether it is told, below `parent`."""
        loop = TraceContext.read(place)
        if loop is None or self._collector is None:
            return place
        is_sampled = self._collector.samples(parent, loop.trace)
        return str(replace(loop, flags="01" if is_sampled else "00"))

    def written(self, before: AgentRun, after: AgentRun, outcome: RunOutcome | None) -> None:
        """Tell what is over by a write that went through."""
        if self._collector is None:
            return
        trace = _trace(after.metadata, self._collector)
        if trace.run.is_sampled:
            for span in spans_of(before, after, outcome, trace, now=self._now()):
                self._collector.emit(span)


def _trace(metadata: ObjectMeta, collector: Collector) -> RunTrace:
    trace = RunTrace.of(metadata)
    return trace.sampled(is_sampled=collector.samples(trace.caller, trace.run.trace))
