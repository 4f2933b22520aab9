"""Finds the collector that is told of runs, by OpenTelemetry's own variables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agents_crds.telemetry.asked import asks_for_traces
from agents_operator.tracing.runs import Collector

_SERVICE = "durable-agents-operator"


@contextmanager
def telling(environment: Mapping[str, str], headers_file: Path | None) -> Iterator[Collector | None]:
    """Send spans while the block runs, where the variables ask for it; raise TracingVariablesError."""
    if not asks_for_traces(environment):
        yield None
        return
    from agents_crds.telemetry.export import Export  # noqa: PLC0415 -- what nobody asks for need not load

    export = Export(_SERVICE, headers_file)
    try:
        yield export
    finally:
        export.close()
