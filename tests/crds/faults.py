"""Single changes to an object that probe where the model and the API server could disagree.

Lone surrogates are left out: they are no Unicode text, and the API server stores U+FFFD in their place.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import cast

from pydantic import JsonValue

from tests.crds.schema import Node
from tests.crds.texts import DURATIONS, TEXTS, URLS

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Put:
    """Set the value at a path."""

    path: Path
    value: JsonValue

    def __str__(self) -> str:
        text = repr(self.value)
        return f"{self.path} = {text if len(text) < 200 else f'{text[:100]}… ({len(text)} characters)'}"


@dataclass(frozen=True)
class Drop:
    """Remove the field at a path."""

    path: Path

    def __str__(self) -> str:
        return f"{self.path} removed"


Fault = Put | Drop

_WRONG_TYPES: tuple[JsonValue, ...] = (
    *(None, True, 0, 1, 0.5, "", "1", "true"),
    *cast("list[JsonValue]", [[], [None], ["text"], {}, {"name": "text"}, {"unknown": None}]),
)


def faults(node: Node, value: JsonValue, path: Path = ()) -> Iterator[Fault]:
    """Every change worth trying at the value and below it."""
    if path:
        yield from (Put(path, other) for other in _others(node, value))
    match value:
        case dict() if node.properties:
            yield from _field_faults(node, value, path)
            for name, child in node.properties.items():
                if name in value:
                    yield from faults(child, value[name], (*path, name))
        case [first, *_] if node.items is not None:
            yield from faults(node.items, first, (*path, 0))
        case _:
            pass


def apply(root: JsonValue, fault: Fault) -> JsonValue:
    """A copy of an object with one change."""
    match fault.path, root:
        case (str(name),), dict():
            rest = {key: child for key, child in root.items() if key != name}
            return rest if isinstance(fault, Drop) else {**rest, name: fault.value}
        case (int(index),), list() if isinstance(fault, Put):
            return [*root[:index], fault.value, *root[index + 1 :]]
        case (str(name), *below), dict():
            return {**root, name: apply(root[name], _below(fault, tuple(below)))}
        case (int(index), *below), list():
            return [*root[:index], apply(root[index], _below(fault, tuple(below))), *root[index + 1 :]]
        case _:
            raise ValueError(f"{fault} does not fit the object")


def _below(fault: Fault, path: Path) -> Fault:
    return Put(path, fault.value) if isinstance(fault, Put) else Drop(path)


def _others(node: Node, value: JsonValue) -> Iterator[JsonValue]:
    yield from _WRONG_TYPES
    match node.type:
        case "string":
            yield from _texts(node)
        case "integer" | "number":
            yield from _numbers(node)
        case "array":
            yield from _lists(node, value)
        case "object" | "boolean" | "any":
            pass


def _texts(node: Node) -> Iterator[str]:
    rules = " ".join(chain((node.pattern or "",), (each.rule for each in node.rules)))
    yield from TEXTS
    yield from node.enum
    if "duration" in rules:
        yield from DURATIONS
    if "http" in rules:
        yield from URLS
    for length in {node.min_length, *((node.max_length,) if node.max_length else ())}:
        for character in ("a", "é", "😀"):
            yield from (character * size for size in (length - 1, length, length + 1) if size >= 0)
    if node.max_length and "http" in rules:
        yield from ("https://" + "a" * (node.max_length - 8 + more) for more in (0, 1))


def _numbers(node: Node) -> Iterator[JsonValue]:
    for bound in (node.minimum, node.maximum):
        if bound is not None:
            yield from (int(bound) + step for step in (-1, 0, 1))
            yield from (bound + step for step in (-1.0, -0.5, -1e-9, 0.0, 1e-9, 0.5, 1.0))
    yield from (2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, 10**400)
    yield from (-0.0, 1e1, 1e15, 1e16, 1e300, -1e300, 5e-324, "1", "1e1", "NaN", "Infinity")


def _lists(node: Node, value: JsonValue) -> Iterator[JsonValue]:
    if not isinstance(value, list) or not value or node.items is None:
        return
    yield from ([*value, value[0]], [*value, None], [*value, {}], value[0], {"0": value[0]})
    if node.max_items is not None:
        for size in (node.max_items, node.max_items + 1):
            yield [_numbered(value[0], number, node.keys) for number in range(size)]


def _numbered(item: JsonValue, number: int, keys: tuple[str, ...]) -> JsonValue:
    """A copy of a list's item that is not the same as another one's."""
    if not isinstance(item, dict):
        return item
    return {**item, **dict.fromkeys(keys, f"n{number}")}


def _field_faults(node: Node, value: dict[str, JsonValue], path: Path) -> Iterator[Fault]:
    yield from (Drop((*path, name)) for name in value)
    yield from (Put((*path, "unknown"), None), Put((*path, "unknown"), 1), Put((*path, ""), 1))
    for name in node.properties:
        for other in (_snake_case(name), name.capitalize(), name.lower()):
            if other not in node.properties:
                yield Put((*path, other), value.get(name))


def _snake_case(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
