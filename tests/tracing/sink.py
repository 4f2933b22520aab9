"""A collector of traces: an HTTP server that takes OTLP, and shows what it got."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as RawSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.user import eventually
from tools.local.ports import HOST

Value = str | int | float | bool | tuple["Value", ...]


@dataclass(frozen=True)
class Span:
    """A span that came."""

    name: str
    trace: str
    id: str
    parent: str
    """Empty for the first of a trace."""
    service: str
    scope: str
    began: int
    ended: int
    attributes: Mapping[str, Value]
    failed: bool


@dataclass
class Sink:
    """What came so far."""

    port: int = 0
    spans: list[Span] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where spans are sent."""
        return f"http://{HOST}:{self.port}"

    def trace(self, id_: str) -> tuple[Span, ...]:
        """Return the spans of a trace, in the order in which they began."""
        return tuple(sorted((span for span in self.spans if span.trace == id_), key=lambda span: span.began))

    def until(self, trace: str, is_there: Callable[[tuple[Span, ...]], bool]) -> tuple[Span, ...]:
        """Wait for spans of a trace."""
        return eventually(lambda: self.trace(trace), is_there)

    def take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Take a request in."""
        self.headers.append(headers)
        self.bodies.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            about = {each.key: _value(each.value) for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    _span(span, str(about.get("service.name")), scope.scope.name) for span in scope.spans
                ]


def _span(span: RawSpan, service: str, scope: str) -> Span:
    return Span(
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        service=service,
        scope=scope,
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        attributes={each.key: _value(each.value) for each in span.attributes},
        failed=span.status.code == Status.STATUS_CODE_ERROR,
    )


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(each) for each in value.array_value.values)
    found: Value = getattr(value, kind) if kind else ""
    return found


@contextmanager
def sink(port: int = 0) -> Iterator[Sink]:
    """Run a collector for the length of the block."""
    taken = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/v1/traces"
            taken.take({name.lower(): value for name, value in self.headers.items()}, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((HOST, port), Handler) as server:
        taken.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield taken
        server.shutdown()
        thread.join()
