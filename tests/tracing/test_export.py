"""Spans on their way to a collector, whatever it does."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents_crds.telemetry.asked import TracingVariablesError
from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.export import LONGEST_FLUSH, Export
from agents_crds.telemetry.spans import Span
from tests.tracing.sink import Sink, sink
from tools.local.ports import HOST, free_ports

ROOT = TraceContext.own("5f0e4f3a-93c5-4b1e-8f0d-2b6a3f0c9d11")
NOW = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)
NewExport = Callable[..., Export]


@pytest.fixture
def collector() -> Iterator[Sink]:
    with sink() as found:
        yield found


@pytest.fixture
def new_export(collector: Sink, monkeypatch: pytest.MonkeyPatch) -> NewExport:
    """Make what sends to the collector."""

    def make(headers: Path | None = None, **variables: str) -> Export:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return Export("durable-agents-test", headers)

    return make


def span(name: str, place: TraceContext, parent: TraceContext | None = None, error: str = "") -> Span:
    return Span(name, place, parent, NOW, NOW + timedelta(seconds=2), {"agent": "finance"}, error)


def test_a_span_has_the_ids_that_were_derived_for_it(collector: Sink, new_export: NewExport) -> None:
    export, inner = new_export(), ROOT.child("inner")
    export.emit(span("outer", ROOT))
    export.emit(span("inner", inner, ROOT, error="TimedOut"))
    export.close()
    first, second = sorted(collector.trace(ROOT.trace), key=lambda each: each.name, reverse=True)
    assert (first.name, first.id, first.parent, first.failed) == ("outer", ROOT.span, "", False)
    assert (second.name, second.id, second.parent, second.failed) == ("inner", inner.span, ROOT.span, True)
    assert (second.attributes["agent"], second.attributes["error.type"]) == ("finance", "TimedOut")
    assert (second.began, second.ended - second.began) == (1782907200123456000, 2_000_000_000)
    assert {first.service, second.service} == {"durable-agents-test"}


def test_a_span_of_a_trace_that_is_not_sampled_is_not_sent(collector: Sink, new_export: NewExport) -> None:
    export = new_export()
    unseen = TraceContext(ROOT.trace, ROOT.span, "00")
    export.emit(span("inner", unseen.child("inner"), unseen))
    export.close()
    assert collector.spans == []


@pytest.mark.parametrize(
    ("sampler", "argument", "told"),
    [
        ("", "", (True, True, False)),
        ("parentbased_always_off", "", (False, True, False)),
        ("always_off", "", (False, False, False)),
        ("always_on", "", (True, True, True)),
        ("parentbased_traceidratio", "0", (False, True, False)),
        ("parentbased_traceidratio", "1", (True, True, False)),
    ],
)
def test_the_standard_variables_choose_what_is_told(
    new_export: NewExport, sampler: str, argument: str, told: tuple[bool, bool, bool]
) -> None:
    export = new_export(OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)
    unsampled = TraceContext(ROOT.trace, ROOT.span, "00")
    # The first of its trace, and below what is told and what is not.
    parents = (None, ROOT, unsampled)
    assert tuple(export.samples(parent, ROOT.trace) for parent in parents) == told
    export.close()


@pytest.mark.parametrize(
    ("variables", "service"),
    [
        ({"OTEL_SERVICE_NAME": "mine"}, "mine"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=ours,team=blue"}, "ours"),
        ({}, "durable-agents-test"),
    ],
)
def test_the_standard_variables_name_the_service(
    collector: Sink, new_export: NewExport, variables: dict[str, str], service: str
) -> None:
    export = new_export(**variables)
    export.emit(span("one", ROOT))
    export.close()
    assert [each.service for each in collector.spans] == [service]


def test_headers_are_read_again_when_their_file_changes(
    collector: Sink, new_export: NewExport, tmp_path: Path
) -> None:
    file = tmp_path / "headers"
    export = new_export(file)
    for text in (None, "x-key=first,x-team=blue", "x-key=second%20one\n"):
        if text is not None:
            file.write_text(text)
        export.emit(span("one", ROOT))
        export.provider.force_flush()
    export.close()
    seen = [(headers.get("x-key"), headers.get("x-team")) for headers in collector.headers]
    assert seen == [(None, None), ("first", "blue"), ("second one", None)]


@pytest.mark.parametrize("text", ["Authorization: Bearer zebra-7731", "x-key=zebra-7731\nx-team=blue"])
def test_headers_that_cannot_be_read_are_told_once_and_never_quoted(
    new_export: NewExport, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    file = tmp_path / "headers"
    file.write_text(text)
    export = new_export(file)
    for _ in range(2):
        export.emit(span("one", ROOT))
        export.provider.force_flush()
    export.close()
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"not all headers for the collector of traces can be read from {file}: write them")


def test_what_an_mcp_server_says_of_an_error_is_not_sent(collector: Sink, new_export: NewExport) -> None:
    export = new_export()
    tracer = export.provider.get_tracer("mcp-python-sdk")
    with pytest.raises(ValueError, match="zebra"), tracer.start_as_current_span("MCP send tools/call pay"):
        raise ValueError("zebra-7731 is no account")
    export.close()
    [sent] = collector.spans
    assert (sent.name, sent.failed) == ("MCP send tools/call pay", True)
    assert b"zebra-7731" not in b"".join(collector.bodies)


@pytest.mark.parametrize(
    "variable", [{"OTEL_BSP_MAX_QUEUE_SIZE": "100"}, {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many"}]
)
def test_a_value_that_cannot_be_is_refused_in_words(new_export: NewExport, variable: dict[str, str]) -> None:
    with pytest.raises(TracingVariablesError, match=r"OTEL_\* has a value that cannot be"):
        new_export(**variable)


def test_a_collector_that_is_away_costs_no_more_than_a_moment_at_the_end(new_export: NewExport) -> None:
    [port] = free_ports(1)
    export = new_export(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{HOST}:{port}", OTEL_BSP_MAX_QUEUE_SIZE="600")
    began = time.monotonic()
    for number in range(2000):
        export.emit(span("one", ROOT.child(str(number)), ROOT))
    # To wait for it would take some 7 s for each batch of 512.
    ends = time.monotonic()
    assert ends - began < 10
    export.close()
    assert time.monotonic() - ends < 2 * LONGEST_FLUSH


def test_an_outage_is_logged_once_and_its_end_once(
    new_export: NewExport, caplog: pytest.LogCaptureFixture
) -> None:
    [port] = free_ports(1)
    export = new_export(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{HOST}:{port}", OTEL_EXPORTER_OTLP_TIMEOUT="0.1")
    caplog.set_level(logging.INFO)

    def send() -> None:
        export.emit(span("one", ROOT))
        export.provider.force_flush()

    send()
    send()
    with sink(port):
        send()
        send()
    send()
    export.close()
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "traces are not taken by the collector, and dropped",
        "traces are taken by the collector again",
        "traces are not taken by the collector, and dropped",
    ]


def test_a_key_in_the_address_of_a_collector_is_not_logged(
    new_export: NewExport, caplog: pytest.LogCaptureFixture
) -> None:
    [port] = free_ports(1)
    place = f"{HOST}:{port}/v1/traces"
    address = f"http://me:zebra-7731@{place}?key=zebra-7731#zebra-7731"
    export = new_export(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=address, OTEL_EXPORTER_OTLP_TIMEOUT="0.1")
    export.emit(span("one", ROOT))
    export.close()
    [line] = [record.getMessage() for record in caplog.records]
    assert line.endswith(f"check that it answers at http://{place}")


def test_a_collector_that_comes_back_gets_what_was_told_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    [port] = free_ports(1)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{HOST}:{port}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    export = Export("durable-agents-test")
    export.emit(span("early", ROOT))
    with sink(port) as collector:
        collector.until(ROOT.trace, lambda spans: [each.name for each in spans] == ["early"])
    export.close()
