"""Which variables ask for traces, and what of them holds for workers."""

import json

import pytest

from agents_crds.telemetry.asked import (
    TracingVariablesError,
    asks_for_traces,
    captures_content,
    passed_on,
    with_passed_on,
)

COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@pytest.mark.parametrize(
    ("variables", "asks"),
    [
        ({}, False),
        (COLLECTOR, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        (COLLECTOR | {"OTEL_SDK_DISABLED": "TRUE"}, False),
        (COLLECTOR | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (COLLECTOR | {"OTEL_TRACES_EXPORTER": "otlp"}, True),
        (COLLECTOR | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        (COLLECTOR | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_a_named_collector_asks_for_traces(variables: dict[str, str], asks: bool) -> None:  # noqa: FBT001
    assert asks_for_traces(variables) is asks


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"])
def test_a_protocol_that_is_not_spoken_is_refused(name: str) -> None:
    with pytest.raises(TracingVariablesError, match="grpc: set it to http/protobuf"):
        asks_for_traces(COLLECTOR | {name: "grpc"})


@pytest.mark.parametrize(
    ("value", "captures"), [("true", True), ("True", True), ("false", False), ("1", False)]
)
def test_contents_are_captured_only_when_asked_for(value: str, captures: bool) -> None:  # noqa: FBT001
    assert captures_content({CAPTURE: value}) is captures
    assert not captures_content({})


def test_workers_are_told_neither_keys_nor_files_nor_the_operators_name() -> None:
    own = {
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=key",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=key",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": "/etc/ca.crt",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": "/etc/tls.key",
        "OTEL_SERVICE_NAME": "operator",
    }
    theirs = {"OTEL_TRACES_SAMPLER": "always_on", "OTEL_BSP_SCHEDULE_DELAY": "100", CAPTURE: "true"}
    assert json.loads(passed_on(COLLECTOR | own | theirs | {"HOME": "/root"})) == COLLECTOR | theirs
    assert passed_on(own | theirs) == ""


def test_what_a_container_says_counts_for_more() -> None:
    told = json.dumps(COLLECTOR | {"OTEL_TRACES_SAMPLER": "always_on"})
    assert with_passed_on({"OTEL_TRACES_SAMPLER": "always_off"}, told) == COLLECTOR | {
        "OTEL_TRACES_SAMPLER": "always_off"
    }
    other = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://other:4318"}
    assert with_passed_on(other, told) == other
    assert with_passed_on({}, "") == {}
