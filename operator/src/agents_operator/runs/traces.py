"""The trace that a run belongs to, as W3C Trace Context writes it; pure."""

import hashlib
import re

from agents_crds.v1alpha1 import ObjectMeta

_GIVEN = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_UID = re.compile(r"[0-9a-f]{32}")
_SAMPLED = "01"


def traceparent(metadata: ObjectMeta) -> str:
    """Return the object's trace context: that of its annotation `traceparent`, else one of its own.

    The id of its own trace is the uid without dashes, so that whoever knows the object finds it.
    """
    given = _GIVEN.fullmatch(metadata.annotations.traceparent)
    if given is not None and _is_valid(given):
        return f"00-{given['trace']}-{given['span']}-{given['flags']}"
    trace = metadata.uid.replace("-", "")
    digest = hashlib.sha256(metadata.uid.encode()).hexdigest()
    return f"00-{trace if _UID.fullmatch(trace) else digest[:32]}-{digest[-16:]}-{_SAMPLED}"


def _is_valid(given: re.Match[str]) -> bool:
    """Keep to the specification: no version ff, nothing after version 00, no id of zeros alone."""
    version, more = given["version"], given["more"]
    return (
        version != "ff"
        and (version != "00" or more is None)
        and any(digit != "0" for digit in given["trace"])
        and any(digit != "0" for digit in given["span"])
    )
