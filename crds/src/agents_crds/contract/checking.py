"""Checks values by a JSON schema in bounded time, and without reaching beyond the schema."""

import json
from collections.abc import Callable, Iterator
from functools import cache

from jsonschema import Draft202012Validator, exceptions, validators
from jsonschema.protocols import Validator
from pydantic import JsonValue
from pydantic_core import SchemaError, SchemaValidator, core_schema
from referencing import Registry
from referencing.jsonschema import SchemaRegistry

from agents_crds.v1alpha1.fields import JsonSchema

STEPS = 500_000
"""Most steps of one check, of about a microsecond each: a workflow may take two seconds in all."""
_STEPS_OF_A_KEYWORD = 20
_CHARACTERS_OF_A_STEP = 64

_ALONE: SchemaRegistry = Registry()
"""Knows no other schema, and fetches none: the library's own default does."""

Errors = Iterator[exceptions.ValidationError]
Keyword = Callable[[Validator, JsonValue, JsonValue, JsonValue], Errors | None]


class TooCostlyError(Exception):
    """The check was given up after as many steps as one may take."""


def validator(schema: JsonSchema) -> Validator:
    """Make a check by this schema; its iteration raises TooCostlyError after STEPS."""
    count = _Count()
    keywords = {**Draft202012Validator.VALIDATORS, "pattern": _pattern(), "uniqueItems": _unique_items}
    counted = {name: _counted(keyword, count) for name, keyword in keywords.items()}
    checking = validators.extend(Draft202012Validator, counted)  # type: ignore[no-untyped-call] # no stub
    # What names its dialect is checked by the library's own keywords wherever it is referred to.
    without_dialect = {keyword: value for keyword, value in schema.items() if keyword != "$schema"}
    made: Validator = checking(without_dialect, registry=_ALONE)
    return made


def can_be_matched(pattern: str) -> bool:
    """Tell whether a pattern can be found in linear time."""
    try:
        return _matcher(pattern) is not None
    except SchemaError:
        return False


class _Count:
    def __init__(self) -> None:
        self.steps = 0

    def add(self, steps: int) -> None:
        self.steps += steps
        if self.steps > STEPS:
            raise TooCostlyError


def _counted(keyword: Keyword, count: _Count) -> Keyword:
    def check(checking: Validator, wanted: JsonValue, value: JsonValue, schema: JsonValue) -> Errors:
        count.add(_STEPS_OF_A_KEYWORD + _size(wanted) + _size(value))
        yield from keyword(checking, wanted, value, schema) or ()

    return check


def _size(value: JsonValue) -> int:
    """Estimate what a look at a value costs."""
    match value:
        case str():
            return len(value) // _CHARACTERS_OF_A_STEP
        case list() | dict():
            return len(value)
        case _:
            return 0


def _pattern() -> Keyword:
    matches = cache(_matcher)

    def pattern(checking: Validator, wanted: JsonValue, value: JsonValue, _: JsonValue) -> Errors:
        if checking.is_type(value, "string") and not matches(str(wanted))(value):
            yield exceptions.ValidationError(f"{value!r} does not match {wanted!r}")

    return pattern


def _matcher(pattern: str) -> Callable[[object], bool]:
    """Find a pattern in linear time: Python's own expressions may take for ever. Raises SchemaError."""
    found = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    return found.isinstance_python


def _unique_items(_: Validator, unique: JsonValue, value: JsonValue, __: JsonValue) -> Errors:
    """Compare by hash; the library compares each with each. 1 and 1.0 are taken for different."""
    if (
        unique
        and isinstance(value, list)
        and len({json.dumps(item, sort_keys=True) for item in value}) < len(value)
    ):
        yield exceptions.ValidationError("it has the same item twice")
