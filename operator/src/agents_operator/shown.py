"""Texts of strangers, made fit for a status."""

import re
from typing import overload

from pydantic import JsonValue

# Control characters but tab and line break, halves of surrogates and what is no character: terminals obey
# some, and for one of them kubectl writes nothing of a list as YAML (`control characters are not allowed`).
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
# What people do not see but models read: marks that turn the direction of writing, and tags.
_UNSEEN = "\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f"
_NOT_PRINTABLE = re.compile(f"[{_CONTROL}]")
_NOT_SHOWN = re.compile(f"[{_CONTROL}{_UNSEEN}]")


@overload
def printable(value: str) -> str: ...
@overload
def printable(value: JsonValue) -> JsonValue: ...
def printable(value: JsonValue) -> JsonValue:
    """Return what an agent wrote or a user meant, a text or JSON, without what terminals obey."""
    return _without(_NOT_PRINTABLE, value)


@overload
def shown(value: str) -> str: ...
@overload
def shown(value: dict[str, JsonValue]) -> dict[str, JsonValue]: ...
@overload
def shown(value: JsonValue) -> JsonValue: ...
def shown(value: JsonValue) -> JsonValue:
    """Return what a stranger wrote, a text or JSON, without what nobody sees or terminals obey."""
    return _without(_NOT_SHOWN, value)


def _without(characters: re.Pattern[str], value: JsonValue) -> JsonValue:
    match value:
        case str():
            return characters.sub("", value)
        case list():
            return [_without(characters, each) for each in value]
        case dict():
            return {characters.sub("", name): _without(characters, each) for name, each in value.items()}
        case _:
            return value
