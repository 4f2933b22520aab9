"""Whom a worker tells of its calls, each asked in a process of its own: OpenTelemetry has one provider."""

import os
import subprocess
import sys

import pytest

from tests.tracing.sink import sink

ASK = """
import os, sys
{module}
from agents_worker.tracing.start import telling
with telling(os.environ) as calls:
    print(type(calls._spans).__name__, calls._tell is not None, os.environ.get("OTEL_TRACES_SAMPLER"))
print("opentelemetry.sdk" in sys.modules)
"""
MODULE = "from opentelemetry import trace; from opentelemetry.sdk.trace import TracerProvider; "
TOLD = '{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_SAMPLER": "always_on"}'


def told(module: str = "", **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    script = ASK.format(module=module)
    done = subprocess.run(
        (sys.executable, "-c", script),
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"DURABLE_AGENTS_TELEMETRY": TOLD, "OTEL_SDK_DISABLED": "true"},
        {"DURABLE_AGENTS_TELEMETRY": TOLD, "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nobody_unless_a_collector_is_named_and_then_nothing_is_loaded(variables: dict[str, str]) -> None:
    kind, tells, _, loaded = told(**variables).split()
    assert (kind, tells, loaded) == ("NoneType", "False", "False")


def test_the_operators_collector() -> None:
    assert told(DURABLE_AGENTS_TELEMETRY=TOLD).split() == ["CallSpans", "True", "always_on", "True"]


def test_the_pools_own_collector_in_place_of_the_operators() -> None:
    with sink() as own:
        found = told(DURABLE_AGENTS_TELEMETRY=TOLD, OTEL_EXPORTER_OTLP_ENDPOINT=own.url).split()
    assert found == ["CallSpans", "True", "None", "True"]


def test_whoever_a_users_module_tells() -> None:
    found = told(f"{MODULE}trace.set_tracer_provider(TracerProvider())").split()
    assert found == ["CallSpans", "False", "None", "True"]


def test_a_module_that_only_uses_the_api_tells_nobody() -> None:
    kind, *_ = told("from opentelemetry import trace; trace.get_tracer('mine')").split()
    assert kind == "NoneType"
