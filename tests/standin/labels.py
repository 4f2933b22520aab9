"""Finds the values that a text puts beside the name of an argument: `sides=20`, `20-sided`, `city: Paris`."""

import re
from collections.abc import Iterator

from tests.standin.words import stem

_NUMBER = r"-?\d+(?:\.\d+)?"
_SEPARATOR = r"(?:\s*[\"']?\s*[=:]\s*|\s+(?:is|are|of|to|named|called)\s+)"
_QUOTED = r"\"([^\"]+)\"|'([^']+)'|`([^`]+)`"
_DIRECTIONS = frozenset({"from", "to", "into", "by", "via"})


def numbers_beside(name: str, text: str) -> Iterator[str]:
    """Yield the numbers that stand right before or after `name`."""
    label = _label(name)
    separator = _SEPARATOR if len(name) == 1 else rf"(?:{_SEPARATOR}|\s+)"
    patterns = [rf"\b{label}{separator}({_NUMBER})"]
    if len(name) > 1:
        patterns.append(rf"(?<![\w.])({_NUMBER})[\s-]+{label}\b")
    for pattern in patterns:
        yield from re.findall(pattern, text, re.IGNORECASE)


def words_beside(name: str, text: str) -> Iterator[str]:
    """Yield the words given as `name`'s value, or after the direction that `name` begins with."""
    label = _label(name)
    yield from _values(rf"(?i:\b{label})\s*[\"']?\s*[=:]\s*(?:{_QUOTED}|([^\s,;\"']+))", text)
    yield from _values(
        rf"(?i:\b{label}(?:\s+(?:is|of|named|called))?)\s+(?:{_QUOTED}|([A-Z0-9][\w-]*))", text
    )
    direction = name.partition("_")[0]
    if direction in _DIRECTIONS:
        yield from _values(rf"(?i:\b{direction})\s+(?:{_QUOTED}|([A-Z][\w-]*))", text)


def flag(name: str, text: str) -> bool | None:
    """Read whether the text asks for `name`, refuses it, or does not speak of it."""
    label = _label(name)
    if re.search(rf"\b(?:no|not|without|don't|never|skip|disable)\s+(?:\w+\s+)?{label}", text, re.IGNORECASE):
        return False
    stated = re.search(rf"\b{label}{_SEPARATOR}(true|false|yes|no)\b", text, re.IGNORECASE)
    if stated:
        return stated.group(1).lower() in {"true", "yes"}
    return True if re.search(rf"\b{label}\b", text, re.IGNORECASE) else None


def _label(name: str) -> str:
    words = [word for word in re.split(r"[_\W]+", name) if word]
    *first, last = words or [name]
    ending = re.escape(last) if len(last) < 4 else rf"{re.escape(stem(last))}\w*"
    return r"[\s_-]*".join([*map(re.escape, first), ending])


def _values(pattern: str, text: str) -> Iterator[str]:
    for groups in re.findall(pattern, text):
        value = "".join(groups)
        if value:
            yield value.rstrip(".?!")
