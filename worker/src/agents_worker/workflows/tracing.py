"""The trace context of a tool call, as W3C writes it."""

import hashlib
import re

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?"
)
_SPAN_LENGTH = 16


def call_traceparent(traceparent: str, run_id: str, tool_call_id: str) -> str:
    """Return a context of the same trace with a span of the call's own; empty where the run has none."""
    trace = _TRACEPARENT.fullmatch(traceparent)
    if trace is None:
        return ""
    span = hashlib.sha256(f"{run_id}{tool_call_id}".encode()).hexdigest()[:_SPAN_LENGTH]
    return f"00-{trace[1]}-{span}-{trace[2]}"
