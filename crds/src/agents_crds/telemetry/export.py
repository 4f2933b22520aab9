"""Spans on their way to a collector: OTLP over HTTP, by OpenTelemetry's own variables `OTEL_*`.

It is imported where these ask for it, and nowhere else: the SDK takes 0.15 s and 10 MB.
"""

import logging
import os
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.util.re import parse_env_headers

from agents_crds.telemetry.asked import ENDPOINTS, TracingVariablesError
from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.spans import SCOPE, Span

_log = logging.getLogger("agents_crds.telemetry")

LONGEST_FLUSH = 3.0
"""Seconds that a process that ends waits for a collector that does not answer."""

_MCP_SDK = "mcp-python-sdk"


class Sender(SpanExporter):
    """Sends spans; its log tells once that a collector does not take them, and once that it does again.

    The headers of a file are read again each time: keys are rotated.
    """

    def __init__(self, headers_file: Path | None = None) -> None:
        # A line for each attempt says nothing new, and one about headers quotes them, keys and all.
        for name in ("opentelemetry.exporter", "opentelemetry.util.re"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._file = headers_file
        self._text = self._read()
        self._exporter = OTLPSpanExporter(headers=self._headers())
        self._is_out = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; a file that is not there is no reason to keep them."""
        text = self._read()
        if text != self._text:
            self._exporter.shutdown()  # type: ignore[no-untyped-call]
            self._text = text
            self._exporter = OTLPSpanExporter(headers=self._headers())
        result = self._exporter.export([_discreet(span) for span in spans])
        is_out = result is not SpanExportResult.SUCCESS
        if is_out and not self._is_out:
            _log.warning(
                "traces are not taken by the collector, and dropped: check that it answers at %s", _place()
            )
        elif self._is_out and not is_out:
            _log.info("traces are taken by the collector again")
        self._is_out = is_out
        return result

    def shutdown(self) -> None:
        """Give up what is being sent."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _read(self) -> str:
        if self._file is None:
            return ""
        try:
            return self._file.read_text(errors="replace").strip()
        except OSError:
            return ""

    def _headers(self) -> dict[str, str]:
        headers = dict(parse_env_headers(self._text, liberal=True))
        if len(headers) < len([each for each in self._text.split(",") if each.strip()]):
            _log.warning(
                "not all headers for the collector of traces can be read from %s: write them as "
                "OTEL_EXPORTER_OTLP_HEADERS is, name=value,name=value, with other characters as %%20",
                self._file,
            )
        return headers


def _discreet(span: ReadableSpan) -> ReadableSpan:
    """Leave out what the SDK of MCP quotes: errors of servers, with what was said to them, keys too."""
    scope = span.instrumentation_scope
    if scope is None or scope.name != _MCP_SDK:
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=scope,
    )


def _place() -> str:
    """Say where the collector is, without a key that somebody put into its address."""
    url = urlsplit(next(filter(None, map(os.environ.get, ENDPOINTS)), ""))
    return url._replace(netloc=url.netloc.rpartition("@")[2], query="", fragment="").geturl()


class DerivedIds(IdGenerator):
    """Gives the next span the ids that were derived for it."""

    def __init__(self) -> None:
        self.following = TraceContext("0" * 32, "0" * 16)

    def generate_trace_id(self) -> int:
        """Return the trace's."""
        return int(self.following.trace, 16)

    def generate_span_id(self) -> int:
        """Return the span's."""
        return int(self.following.span, 16)


class Export:
    """Takes spans, and sends them in the background; what a collector does not take in time is dropped.

    Raises TracingVariablesError where a variable has a value that OpenTelemetry does not take.
    """

    def __init__(self, service: str, headers_file: Path | None = None) -> None:
        resource = _resource(service)
        self._ids = DerivedIds()
        self._lock = threading.Lock()
        try:
            self.provider = TracerProvider(resource=resource, shutdown_on_exit=False)
            """For spans that are told as they happen, with ids by chance."""
            derived = TracerProvider(resource=resource, shutdown_on_exit=False, id_generator=self._ids)
            self._processor = BatchSpanProcessor(Sender(headers_file))
        except ValueError as error:
            raise TracingVariablesError(f"a variable OTEL_* has a value that cannot be: {error}") from error
        for provider in (self.provider, derived):
            provider.add_span_processor(self._processor)
        # Not for each span: to get one resets what Python knows of warnings that it has shown.
        self._derived = derived.get_tracer(SCOPE)

    @property
    def tracer(self) -> Tracer:
        """For spans of this project."""
        return self.provider.get_tracer(SCOPE)

    def samples(self, parent: TraceContext | None, trace: str) -> bool:
        """Tell whether OTEL_TRACES_SAMPLER lets a span of a trace be told, below `parent` if there is one."""
        found = self.provider.sampler.should_sample(context_of(parent), int(trace, 16), "")
        return found.decision is Decision.RECORD_AND_SAMPLE

    def emit(self, span: Span) -> None:
        """Tell of something that is over, by the ids that it has."""
        with self._lock:
            self._ids.following = span.context
            told = self._derived.start_span(
                span.name,
                context_of(span.parent),
                attributes=span.attributes,
                start_time=nanoseconds(span.began),
            )
        if span.error:
            told.set_attribute("error.type", span.error)
            told.set_status(StatusCode.ERROR)
        told.end(nanoseconds(max(span.began, span.ended)))

    def close(self) -> None:
        """Send what is left, for as long as LONGEST_FLUSH."""
        flush = threading.Thread(target=self._processor.shutdown, daemon=True)
        flush.start()
        flush.join(LONGEST_FLUSH)


def context_of(place: TraceContext | None) -> Context:
    """Return the context for a child of a place; without one, a span is the first of its trace."""
    if place is None:
        return Context()
    span = SpanContext(
        int(place.trace, 16),
        int(place.span, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(place.flags, 16)),
    )
    return set_span_in_context(NonRecordingSpan(span), Context())


def nanoseconds(time: datetime) -> int:
    """Return a time as OpenTelemetry counts it."""
    return int(time.timestamp() * 1_000_000) * 1_000


def _resource(service: str) -> Resource:
    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: service}))
    pod = os.environ.get("HOSTNAME")
    # What OTEL_RESOURCE_ATTRIBUTES says counts for more.
    return Resource({"service.instance.id": pod} if pod else {}).merge(resource)
