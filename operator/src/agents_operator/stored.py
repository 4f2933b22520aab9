"""How many bytes a status takes in etcd, which keeps it for as long as its object is there. Pure."""

import json
from collections.abc import Iterable, Reversible
from itertools import accumulate
from typing import TypeVar

from pydantic import JsonValue

from agents_crds.v1alpha1.base import ApiModel

STATUS_BYTES = 19_000
"""Of the whole status of a run; an AgentRun without its spec then has less than 20 KB."""

# Go's encoder, which the API server keeps objects by, does not write these as they are.
_SIX = "<>&\u2028\u2029"
_LONGER = dict.fromkeys((*map(chr, range(32)), *_SIX), 6) | dict.fromkeys('"\\\b\f\n\r\t', 2)

Part = TypeVar("Part", bound=ApiModel | str)


def stored_size(value: JsonValue) -> int:
    """Bytes of a value as the API server keeps it."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    escaped = sum(written.count(each) * (6 - len(each.encode())) for each in _SIX)
    return len(written.encode(errors="replace")) + escaped


def start_of(text: str, limit: int) -> str:
    """Return as much of a text as is kept in `limit` bytes."""
    # No character takes less than one.
    text = text[:limit]
    if stored_size(text) - len('""') <= limit:
        return text
    sizes = accumulate(_LONGER.get(each) or len(each.encode(errors="replace")) for each in text)
    return text[: sum(size <= limit for size in sizes)]


def first_of(parts: Iterable[Part], limit: int) -> tuple[Part, ...]:
    """Return the first parts, as many as are kept in `limit` bytes as a list."""
    parts = tuple(parts)
    sizes = accumulate((size_of(part) + len(",") for part in parts), initial=len("[]"))
    return parts[: sum(size <= limit for size in sizes) - 1]


def last_of(parts: Reversible[Part], limit: int) -> tuple[Part, ...]:
    """Return the last parts, as many as are kept in `limit` bytes as a list."""
    return first_of(reversed(parts), limit)[::-1]


def size_of(part: ApiModel | str) -> int:
    """Bytes of a part as the API server keeps it."""
    return stored_size(part if isinstance(part, str) else part.manifest())
