"""Spans as this project tells them, before anything of OpenTelemetry is imported; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents_crds.telemetry.context import TraceContext

SCOPE = "durable-agents"
"""Names whoever tells of what this project does."""

Value = str | bool | int | float | Sequence[str]
Attributes = Mapping[str, Value]


@dataclass(frozen=True)
class Span:
    """Something that was done, and is over."""

    name: str
    context: TraceContext
    """Where it is, by an id that was derived."""
    parent: TraceContext | None
    began: datetime
    ended: datetime
    attributes: Attributes = field(default_factory=dict)
    error: str = ""
    """What kind of failure it ended with; empty where it did not."""
