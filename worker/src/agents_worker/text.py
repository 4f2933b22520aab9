"""Texts that fit into Temporal's payloads."""

from itertools import accumulate
from typing import TypeVar

from pydantic import JsonValue
from pydantic_core import to_json

from agents_crds.contract.cut import json_size, note, storable

Value = TypeVar("Value")

ANSWER_LIMIT = 1_500_000
"""Bytes of a model's answer, as JSON; Temporal refuses payloads of 2 MB."""
RESULTS_LIMIT = 1_000_000
"""Bytes of all the tool results of one turn: they travel together, also with the run's own input."""
STORED_LIMIT = 16_000_000
"""Bytes of a model's answer, and of all the tool results of one turn, where there is a store for payloads."""
COLLECTED_LIMIT = 250_000
"""Bytes of the text that a run carries along."""
ENTRIES_LIMIT = 250_000
"""Bytes of what happened in a run, as far as it is carried along."""
ENTRY_TEXT_LIMIT = 4_000
"""Bytes of each text in it."""
CARRIED_LIMIT = 1_900_000
"""Bytes of the input and the state of a run with which it goes on in a new execution."""

_LONGEST_ESCAPE = 6
_MOST_VALUES = 16
_KEY_LIMIT = 64
_DEEPEST = 32


def clip(text: str, limit: int) -> str:
    """Return the text, or its start and a note when its JSON is longer than `limit` bytes."""
    text = storable(text)
    if len(text) * _LONGEST_ESCAPE + 2 <= limit:
        return text
    size = json_size(text)
    if size <= limit:
        return text
    ending = note(size)
    room = max(0, limit - json_size(ending))
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if json_size(text[:middle]) <= room:
            fits = middle
        else:
            too_long = middle
    return text[:fits] + ending


def share(texts: tuple[str, ...], limit: int) -> tuple[str, ...]:
    """Clip texts so that their JSON together stays within `limit` bytes; each may use an equal part."""
    if sum(json_size(text) for text in texts) <= limit:
        return texts
    return tuple(clip(text, limit // len(texts)) for text in texts)


def size_of(value: object) -> int:
    """Bytes of a value as JSON."""
    return len(to_json(value))


def leading(values: tuple[Value, ...], limit: int) -> tuple[Value, ...]:
    """Return the first values, as many as fit into `limit` bytes of JSON."""
    sizes = accumulate(size_of(value) for value in values)
    return tuple(value for value, size in zip(values, sizes, strict=True) if size <= limit)


def clip_values(values: dict[str, JsonValue], limit: int) -> dict[str, JsonValue]:
    """Return the values, or the first of them, cut, when together they are longer than `limit` bytes.

    What is nested deeper than anyone reads becomes text: a parser of whatever it is put into may give up.
    """
    if size_of(values) <= limit and not _is_deep(values, _DEEPEST):
        return values
    kept = list(values.items())[:_MOST_VALUES]
    room = limit // len(kept) - _KEY_LIMIT
    return {storable(key[:_KEY_LIMIT]): _clipped(value, room) for key, value in kept}


def _clipped(value: JsonValue, limit: int) -> JsonValue:
    if size_of(value) <= limit and not _is_deep(value, _DEEPEST - 1):
        return value
    return clip(value if isinstance(value, str) else to_json(value).decode(), limit)


def _is_deep(value: JsonValue, levels: int) -> bool:
    match value:
        case dict():
            inner = tuple(value.values())
        case list():
            inner = tuple(value)
        case _:
            return False
    return levels == 0 or any(_is_deep(each, levels - 1) for each in inner)
