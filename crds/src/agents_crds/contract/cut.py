"""Texts that are too long to be kept: how they say so, and how they become whole again. Pure."""

import re
from collections.abc import Iterable

from pydantic_core import to_json

_NOTE = "… [cut: the whole text of {} bytes is more than can be kept]"
_CUT = re.compile(re.escape(_NOTE).replace(r"\{\}", r"(?P<size>[0-9]+)"))
# Enough of a text's start to find where it begins.
_START = 256


def storable(text: str) -> str:
    """Replace what UTF-8 cannot hold (lone surrogates), so that the text can be sent anywhere."""
    return text.encode(errors="replace").decode()


def json_size(text: str) -> int:
    """Bytes of the text as a JSON string."""
    return len(to_json(text))


def note(size: int) -> str:
    """Say, after the start of a text, that the whole of it has so many bytes as a JSON string."""
    return _NOTE.format(size)


def is_cut(text: str) -> bool:
    """Tell whether there is a note in a text."""
    return _CUT.search(text) is not None


def restored(text: str, wholes: Iterable[str]) -> str | None:
    """Put whole texts in the places where a text was cut; None when one of them is not among `wholes`.

    A whole one is known by its size, and by its start.
    """
    known = [(json_size(each), each) for each in map(storable, wholes)]
    parts, end = list[str](), 0
    for cut in _CUT.finditer(text):
        size, before = int(cut["size"]), text[end : cut.start()]
        found = next(
            (
                before[:begin] + each
                for each_size, each in known
                if each_size == size and (begin := _begin(before, each)) is not None
            ),
            None,
        )
        if found is None:
            return None
        parts.append(found)
        end = cut.end()
    return "".join((*parts, text[end:]))


def _begin(before: str, whole: str) -> int | None:
    """Find where in the text before a note the whole one begins: short ones may stand before it."""
    begin = before.find(whole[: min(_START, len(before))])
    return begin if begin >= 0 and whole.startswith(before[begin:]) else None
