"""Field types with their bounds: names, durations, times and whole numbers."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, NewType

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)

from agents_crds.v1alpha1.base import ApiModel
from agents_crds.v1alpha1.text import DNS_LABEL, DNS_SUBDOMAIN, DURATION, Format
from agents_crds.v1alpha1.whole import Whole

_LABEL = Format(
    DNS_LABEL, "must be lowercase letters, digits and '-', beginning and ending with a letter or digit"
)
_SUBDOMAIN = Format(
    DNS_SUBDOMAIN,
    "must be lowercase letters, digits, '-' and '.', beginning and ending with a letter or digit",
)
# It is a file name in worker pods, and `..` must not lead elsewhere.
_FILE_NAME = Format(
    r"^([-_a-zA-Z0-9]|\.[-_a-zA-Z0-9])[-._a-zA-Z0-9]*$",
    "must be letters, digits, '-', '_' and '.', and not begin with '..'",
)
_IDENTIFIER = Format(
    r"^[a-zA-Z_][a-zA-Z0-9_-]*$", "must be letters, digits, '_' and '-', beginning with a letter or '_'"
)

AgentName = Annotated[str, Field(max_length=63), _SUBDOMAIN]
PoolName = Annotated[str, Field(max_length=40), _LABEL]
ObjectName = Annotated[str, Field(max_length=253), _SUBDOMAIN]
SecretKey = Annotated[str, Field(max_length=253), _FILE_NAME]
McpServerName = Annotated[str, Field(max_length=30), _LABEL]
ConfigMapKey = SecretKey
ToolName = Annotated[str, Field(max_length=64), _IDENTIFIER]
WholeNumber = Annotated[int, Whole()]
Flag = Annotated[bool, Field(strict=True)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False)]

JsonSchema = NewType("JsonSchema", dict[str, JsonValue])
"""A JSON schema, opaque to everything but the model that reads it."""


def _without_nulls(values: object) -> object:
    """Take a null for absence, as the API server does."""
    if not isinstance(values, dict):
        return values
    return {name: value for name, value in values.items() if value is not None}


StringMap = Annotated[dict[str, str], BeforeValidator(_without_nulls)]
"""Texts by name."""

AnyValue = Annotated[JsonValue, WithJsonSchema({"x-kubernetes-preserve-unknown-fields": True})]
"""Any JSON."""

SHORTEST_TIMEOUT = timedelta(seconds=1)
LONGEST_TIMEOUT = timedelta(hours=720)
_TIMEOUT_MESSAGE = "must be a duration between 1s and 720h, such as 90s, 10m or 1h30m"
_LONGEST_DURATION = timedelta(hours=99_999)

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}


def parse_duration(text: object) -> timedelta:
    """Read Kubernetes' notation (`1h30m`, `500ms`); a timedelta stays what it is."""
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(DURATION, text):
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m or 1h30m")
    terms: list[tuple[str, str]] = re.findall(r"([0-9]+)(ms|s|m|h)", text)
    return sum((int(number) * _UNITS[unit] for number, unit in terms), timedelta())


def format_duration(duration: timedelta) -> str:
    """Write a duration as people read it: `0.4s`, `4.2s`, `2m5s`, `1h3m`; whole seconds from a minute on."""
    seconds = duration.total_seconds()
    if seconds < 59.95:  # which is written 60.0
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    minutes, rest = divmod(max(int(seconds), 60), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m" if minutes else f"{hours}h"
    return f"{minutes}m{rest}s" if rest else f"{minutes}m"


def exact_duration(duration: timedelta) -> str:
    """Write a duration in Kubernetes' notation, to the millisecond."""
    milliseconds = duration // timedelta(milliseconds=1)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    terms = ((hours, "h"), (minutes, "m"), (seconds, "s"), (milliseconds, "ms"))
    return "".join(f"{number}{unit}" for number, unit in terms if number) or "0s"


def _writable(duration: timedelta) -> timedelta:
    if not timedelta() <= duration <= _LONGEST_DURATION:
        raise ValueError("must be between 0s and 99999h")
    return duration


def _bounded(duration: timedelta) -> timedelta:
    if not SHORTEST_TIMEOUT <= duration <= LONGEST_TIMEOUT:
        raise ValueError(_TIMEOUT_MESSAGE)
    return duration


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_writable),
    PlainSerializer(exact_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "maxLength": 28, "pattern": DURATION}),
]
"""A span of time in Kubernetes' notation, such as `90s` or `1h30m`."""

Timeout = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    AfterValidator(_bounded),
    PlainSerializer(exact_duration, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 28,
            "x-kubernetes-validations": [
                {
                    "rule": f"self.matches(r'{DURATION}') && "
                    "duration(self) >= duration('1s') && duration(self) <= duration('720h')",
                    "message": _TIMEOUT_MESSAGE,
                }
            ],
        }
    ),
]
"""How long a run may take: a duration from a second to 30 days."""

Time = Annotated[
    AwareDatetime,
    PlainSerializer(
        lambda time: time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), return_type=str, when_used="json"
    ),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment, to the second, as metav1.Time writes it."""


class AgentRef(ApiModel):
    """Names an Agent in the same namespace."""

    name: AgentName
    """Name of the Agent."""


class ProviderRef(ApiModel):
    """Names a ModelProvider in the same namespace."""

    name: ObjectName = "default"
    """Name of the ModelProvider."""


class WorkerPoolRef(ApiModel):
    """Names a WorkerPool in the same namespace."""

    name: PoolName = "default"
    """Name of the WorkerPool."""


class TemporalConnectionRef(ApiModel):
    """Names a TemporalConnection in the same namespace."""

    name: ObjectName
    """Name of the TemporalConnection."""


class McpServerRef(ApiModel):
    """Names an MCPServer in the same namespace."""

    name: McpServerName
    """Name of the MCPServer."""


class ConfigMapKeyRef(ApiModel):
    """Names one key of a ConfigMap in the same namespace."""

    name: ObjectName
    """Name of the ConfigMap."""

    key: ConfigMapKey
    """Key in the ConfigMap's data."""


class SecretKeyRef(ApiModel):
    """Names one key of a Secret in the same namespace."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKey = "api-key"
    """Key in the Secret's data."""


def utc(time: datetime) -> datetime:
    """Cut a moment to the second in UTC, as it reads after a round trip through the API server."""
    return time.astimezone(UTC).replace(microsecond=0)
