"""Calls as spans of OpenTelemetry: what a tool tells of itself by its API is told below its call."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context, trace
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, Tracer
from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.export import context_of
from agents_worker.tracing.calls import Call, Request, answer_attributes, failure_of
from agents_worker.tracing.contents import answered, asked
from agents_worker.tracing.interceptor import Carry


class CallSpans:
    """Tells of calls to a tracer; with `contents`, also of what is said in them."""

    def __init__(self, tracer: Tracer, *, contents: bool) -> None:
        self._tracer = tracer
        self._contents = contents

    async def told(self, call: Call, place: TraceContext, request: Request, carry: Carry) -> Any:
        """Tell of a call while it is carried out, each attempt by itself."""
        info = activity.info()
        with self._tracer.start_as_current_span(
            call.name,
            context_of(place),
            kind=SpanKind.CLIENT if call.asks_provider else SpanKind.INTERNAL,
            attributes={
                **call.attributes,
                "temporalWorkflowID": str(info.workflow_id),
                "temporalRunID": str(info.workflow_run_id),
                "temporalActivityID": info.activity_id,
                "durable_agents.attempt": info.attempt,
                **(asked(request) if self._contents else {}),
            },
            # What an error says may be what a person said.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                answer = await carry(place_of(span))
            except BaseException as error:
                _fail(span, _kind_of(error))
                raise
            span.set_attributes(answer_attributes(answer))
            if self._contents:
                span.set_attributes(answered(answer))
            if failure := failure_of(answer):
                _fail(span, failure)
            return answer

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Let nothing be told of the block, nor of what it starts."""
        ids = RandomIdGenerator()
        unseen = SpanContext(ids.generate_trace_id(), ids.generate_span_id(), is_remote=False)
        token = context.attach(trace.set_span_in_context(NonRecordingSpan(unseen)))
        try:
            yield
        finally:
            context.detach(token)


def place_of(span: Span) -> TraceContext:
    """Return where a span is."""
    place = span.get_span_context()
    return TraceContext(f"{place.trace_id:032x}", f"{place.span_id:016x}", f"{place.trace_flags:02x}")


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def _kind_of(error: BaseException) -> str:
    if isinstance(error, ApplicationError) and error.type:
        return error.type
    return type(error).__name__
