"""Trace contexts as W3C writes them, and the ids that several processes derive alike; pure."""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Self

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_ID = re.compile(r"[0-9a-f]{32}")
_SPAN_LENGTH = 16
_SAMPLED = 1


@dataclass(frozen=True)
class TraceContext:
    """A place in a trace."""

    trace: str
    """Id of the trace: 32 hexadecimal digits."""
    span: str
    """Id of the span: 16 hexadecimal digits."""
    flags: str = "01"

    @classmethod
    def read(cls, traceparent: str) -> Self | None:
        """Read a `traceparent`; None where it is none, by https://www.w3.org/TR/trace-context/."""
        given = _TRACEPARENT.fullmatch(traceparent)
        if given is None or given["version"] == "ff" or (given["version"] == "00" and given["more"]):
            return None
        if not given["trace"].strip("0") or not given["span"].strip("0"):
            return None
        return cls(given["trace"], given["span"], given["flags"])

    @classmethod
    def own(cls, uid: str) -> Self:
        """Return where a trace begins that is found by a uid: its id is the uid without dashes."""
        trace = uid.replace("-", "")
        digest = hashlib.sha256(uid.encode()).hexdigest()
        is_id = _ID.fullmatch(trace) is not None and bool(trace.strip("0"))
        return cls(trace if is_id else digest[:32], digest[-_SPAN_LENGTH:])

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-{self.flags}"

    @property
    def is_sampled(self) -> bool:
        """Whether spans of it are to be recorded."""
        return bool(int(self.flags, 16) & _SAMPLED)

    def child(self, *about: str) -> Self:
        """Return the place of a span in the same trace whose id is derived from what it is about."""
        return replace(self, span=span_id(*about))


def span_id(*about: str) -> str:
    """Derive a span's id: whoever knows what it is about finds the same."""
    return hashlib.sha256("\n".join(about).encode()).hexdigest()[:_SPAN_LENGTH]
