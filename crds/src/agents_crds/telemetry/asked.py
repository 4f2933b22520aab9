"""Whether traces are asked for, and what of the operator's wish holds for its workers; pure."""

import json
from collections.abc import Mapping

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
PASSED_ON = (
    *ENDPOINTS,
    *PROTOCOLS,
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_RESOURCE_ATTRIBUTES",
    CAPTURE,
)
PASSED_ON_PREFIXES = ("OTEL_TRACES_SAMPLER", "OTEL_BSP_", "OTEL_SPAN_", "OTEL_ATTRIBUTE_")
"""With PASSED_ON, the operator's variables that hold for its workers: none is secret, none names a file."""
_PROTOCOL = "http/protobuf"


class TracingVariablesError(Exception):
    """The variables ask for what there is not; only another environment helps."""


def names_collector(environment: Mapping[str, str]) -> bool:
    """Tell whether the variables name a collector."""
    return any(environment.get(name) for name in ENDPOINTS)


def asks_for_traces(environment: Mapping[str, str]) -> bool:
    """Tell whether spans are to be sent; raise TracingVariablesError for a protocol that is not spoken."""
    if not names_collector(environment):
        return False
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporters = environment.get("OTEL_TRACES_EXPORTER") or "otlp"
    if "otlp" not in exporters.split(","):
        return False
    protocol = next(filter(None, map(environment.get, PROTOCOLS)), _PROTOCOL)
    if protocol != _PROTOCOL:
        raise TracingVariablesError(
            f"{PROTOCOLS[1]} is {protocol}: set it to {_PROTOCOL}, and name the collector's port for that "
            "(4318, most often)"
        )
    return True


def captures_content(environment: Mapping[str, str]) -> bool:
    """Tell whether prompts, answers, arguments and results are to be told."""
    return environment.get(CAPTURE, "").strip().lower() == "true"


def passed_on(environment: Mapping[str, str]) -> str:
    """Write down what holds for workers; empty where traces are not asked for."""
    if not asks_for_traces(environment):
        return ""
    told = {
        name: value
        for name, value in environment.items()
        if value and (name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES))
    }
    return json.dumps(told, sort_keys=True)


def with_passed_on(environment: Mapping[str, str], told: str) -> dict[str, str]:
    """Return the variables of a worker: its own count for more than what it was `told`.

    A pool that names a collector of its own is told none of it.
    """
    if not told or names_collector(environment):
        return dict(environment)
    return {**json.loads(told), **environment}
