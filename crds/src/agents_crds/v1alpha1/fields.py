"""Field types with their bounds: names, durations, times and whole numbers."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, NewType

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue, PlainSerializer, WithJsonSchema

from agents_crds.v1alpha1.base import ApiModel

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
# At most four terms of at most five digits: CEL's duration() overflows at 292 years.
DURATION = r"^([0-9]{1,5}(ms|s|m|h)){1,4}$"

AgentName = Annotated[str, Field(min_length=1, max_length=63, pattern=DNS_SUBDOMAIN)]
PoolName = Annotated[str, Field(min_length=1, max_length=40, pattern=DNS_LABEL)]
ObjectName = Annotated[str, Field(min_length=1, max_length=253, pattern=DNS_SUBDOMAIN)]
SecretKey = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
ToolName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z_][a-zA-Z0-9_-]*$")]
WholeNumber = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False)]

JsonSchema = NewType("JsonSchema", dict[str, JsonValue])
"""A JSON schema, opaque to everything but the model that reads it."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: object) -> object:
    """Turn Kubernetes' notation (`1h30m`, `500ms`) into a timedelta; leave anything else to pydantic."""
    if not isinstance(text, str):
        return text
    if not re.fullmatch(DURATION, text):
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m or 1h30m")
    terms: list[tuple[str, str]] = re.findall(r"([0-9]+)(ms|s|m|h)", text)
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in terms))


def format_duration(duration: timedelta) -> str:
    """Write a duration as people read it: `0.4s`, `4.2s`, `2m5s`, `1h3m`; whole seconds from a minute on."""
    seconds = duration.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    minutes, rest = divmod(int(seconds), 60)
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


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(exact_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "maxLength": 28, "pattern": DURATION}),
]
"""A span of time in Kubernetes' notation, such as `90s` or `1h30m`."""

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


class SecretKeyRef(ApiModel):
    """Names one key of a Secret in the same namespace."""

    name: ObjectName
    """Name of the Secret."""

    key: SecretKey = "api-key"
    """Key in the Secret's data."""


def utc(time: datetime) -> datetime:
    """Cut a moment to the second in UTC, as it reads after a round trip through the API server."""
    return time.astimezone(UTC).replace(microsecond=0)
