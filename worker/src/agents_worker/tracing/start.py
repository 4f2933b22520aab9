"""Finds out who is told of calls: the collector that variables name, or what users' modules have set up."""

import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from agents_crds.contract.environment import WorkerVariable
from agents_crds.telemetry.asked import asks_for_traces, captures_content, names_collector, with_passed_on
from agents_worker.tracing.interceptor import TellsOfCalls

_SERVICE = "durable-agents-worker"


@contextmanager
def telling(environment: MutableMapping[str, str]) -> Iterator[TellsOfCalls]:
    """Tell of calls while the block runs, once the user's modules are loaded.

    The environment gets the operator's variables, where it names no collector: OpenTelemetry reads them
    there. Raises TracingVariablesError.
    """
    if _is_set_up():
        yield _by_modules(environment)
        return
    own = names_collector(environment)
    environment.update(with_passed_on(environment, environment.get(WorkerVariable.TELEMETRY, "")))
    if not asks_for_traces(environment):
        yield TellsOfCalls(None)
        return
    # The second part of a second that this takes, most workers need not spend.
    from opentelemetry import trace  # noqa: PLC0415

    from agents_crds.telemetry.export import Export  # noqa: PLC0415
    from agents_worker.tracing.spans import CallSpans  # noqa: PLC0415

    headers = None if own else environment.get(WorkerVariable.OTLP_HEADERS_FILE)
    export = Export(_SERVICE, Path(headers) if headers else None)
    # For tools that tell of what they do, and for MCP's SDK.
    trace.set_tracer_provider(export.provider)
    try:
        yield TellsOfCalls(CallSpans(export.tracer, contents=captures_content(environment)), export.emit)
    finally:
        export.close()


def _is_set_up() -> bool:
    """Tell whether a module has said already where spans go."""
    if "opentelemetry.trace" not in sys.modules:
        return False
    from opentelemetry import trace  # noqa: PLC0415

    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def _by_modules(environment: MutableMapping[str, str]) -> TellsOfCalls:
    from opentelemetry import trace  # noqa: PLC0415

    from agents_crds.telemetry.spans import SCOPE  # noqa: PLC0415
    from agents_worker.tracing.spans import CallSpans  # noqa: PLC0415

    return TellsOfCalls(CallSpans(trace.get_tracer(SCOPE), contents=captures_content(environment)))
