"""Answers in a given form: which JSON schemas an Agent may ask for, and whether an answer fits one.

Operator and worker must agree on it: what the one accepts the other has to check. It is JSON Schema 2020-12,
but for what would reach beyond the schema or cannot be checked in bounded time.
"""

import heapq
import json
import math
from collections.abc import Callable, Iterator
from functools import cache

from jsonschema import Draft202012Validator, exceptions, validators
from jsonschema.protocols import Validator
from pydantic import JsonValue
from pydantic_core import SchemaError, SchemaValidator, core_schema, from_json
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, SchemaRegistry

from agents_crds.v1alpha1.fields import JsonSchema

SCHEMA_LIMIT = 65_536
"""Bytes of a schema, as JSON: it travels with every run."""
ANSWER_LIMIT = 250_000
"""Bytes of an answer that is checked; a workflow may take two seconds for a step."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFUSED = {
    "$dynamicRef": "is not supported: use $ref",
    "patternProperties": "is not supported: use properties, propertyNames and additionalProperties",
}
_SCHEMAS = frozenset(("additionalProperties", "contains", "items", "not", "propertyNames")).union(
    ("if", "then", "else", "contentSchema", "unevaluatedItems", "unevaluatedProperties")
)
_LISTS_OF_SCHEMAS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_MAPS_OF_SCHEMAS = frozenset(("$defs", "definitions", "dependentSchemas", "properties"))
_ALONE: SchemaRegistry = Registry()
"""Knows no other schema, and fetches none: the library's own default does."""
_NAMED_FAULTS = 3
_LONGEST_FAULT = 300


def schema_fault(schema: JsonSchema) -> str | None:
    """Say where a schema is not one that answers can be checked by, and why; None when it is."""
    try:
        if len(json.dumps(schema, ensure_ascii=False).encode()) > SCHEMA_LIMIT:
            return f" is longer than {SCHEMA_LIMIT} bytes as JSON: shorten it"
        Draft202012Validator.check_schema(schema)
        fault = next(_faults(dict(schema), "", _references(schema)), None)
        if fault is None:
            _validator(schema).is_valid(None)
    except exceptions.SchemaError as error:
        place = "".join(f".{step}" for step in error.absolute_path)
        alternatives = [each.message for each in error.context or () if not each.path]
        return f"{place}: {_cut('; or '.join(alternatives) or error.message)}"
    except RecursionError:
        return " is nested too deeply, or refers to itself without end"
    return fault


def answer_fault(schema: JsonSchema, text: str) -> str | None:
    """Say how an answer fails to fit the schema, for the model and for people; None when it fits."""
    if len(text.encode()) > ANSWER_LIMIT:
        return f"it is longer than {ANSWER_LIMIT} bytes: shorten it"
    try:
        value = answer_value(text)
    except ValueError as error:
        return f"it is not JSON alone: {error}"
    try:
        errors = _validator(schema).iter_errors(value)
        # In an order that is the same when the workflow is replayed.
        first = heapq.nsmallest(
            _NAMED_FAULTS, (_cut(f"{error.json_path}: {error.message}") for error in errors)
        )
    except (RecursionError, Unresolvable):
        return "it is nested too deeply to be checked"
    return "; ".join(first) or None


def answer_value(text: str) -> JsonValue:
    """Read an answer as JSON; raise a ValueError that says where it is none."""
    value: JsonValue = from_json(text, allow_inf_nan=False)
    if not _finite(value):
        raise ValueError("a number is too large")
    return value


def _finite(value: JsonValue) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case list():
            return all(map(_finite, value))
        case dict():
            return all(map(_finite, value.values()))
        case _:
            return True


def _validator(schema: JsonSchema) -> Validator:
    """Check by this schema alone: no address in it is ever fetched."""
    matches = cache(_matcher)

    def pattern(
        validator: Validator, wanted: str, value: JsonValue, _: object
    ) -> Iterator[exceptions.ValidationError]:
        if validator.is_type(value, "string") and not matches(wanted)(value):
            yield exceptions.ValidationError(f"{value!r} does not match {wanted!r}")

    checking = validators.extend(  # type: ignore[no-untyped-call] # the stubs lack it
        Draft202012Validator, {"pattern": pattern, "uniqueItems": _unique_items}
    )
    checked: Validator = checking(schema, registry=_ALONE)
    return checked


def _matcher(pattern: str) -> Callable[[object], bool]:
    """Find a pattern in linear time: Python's own expressions may take for ever. Raises SchemaError."""
    validator = SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    return validator.isinstance_python


def _unique_items(
    _: Validator, unique: object, value: object, __: object
) -> Iterator[exceptions.ValidationError]:
    """Compare by hash; the library compares each with each. 1 and 1.0 are taken for different."""
    if (
        unique
        and isinstance(value, list)
        and len({json.dumps(item, sort_keys=True) for item in value}) < len(value)
    ):
        yield exceptions.ValidationError("it has the same item twice")


def _faults(schema: JsonValue, place: str, found: Callable[[str], bool]) -> Iterator[str]:
    """Name what is not kept to here in a schema that is valid in itself."""
    if not isinstance(schema, dict):
        return
    yield from (f"{place}.{keyword} {why}" for keyword, why in _REFUSED.items() if keyword in schema)
    if schema.get("$schema", _DIALECT) != _DIALECT:
        yield f"{place}.$schema must be {_DIALECT}, or be left out"
    if place and "$id" in schema:
        yield f"{place}.$id is not supported below the root: use $defs"
    reference, pattern = schema.get("$ref", "#"), schema.get("pattern", "")
    if not found(str(reference)):
        yield f"{place}.$ref {reference!r} is not found: only what is in the schema is, as #/$defs/name"
    if not _can_be_matched(str(pattern)):
        yield f"{place}.pattern {pattern!r} is not supported: do without look-around and back-references"
    for step, child in _children(schema):
        yield from _faults(child, f"{place}.{step}", found)


def _children(schema: dict[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    for keyword, value in schema.items():
        match value:
            case dict() if keyword in _MAPS_OF_SCHEMAS:
                yield from ((f"{keyword}.{name}", child) for name, child in value.items())
            case list() if keyword in _LISTS_OF_SCHEMAS:
                yield from ((f"{keyword}[{index}]", child) for index, child in enumerate(value))
            case dict() if keyword in _SCHEMAS:
                yield keyword, value
            case _:
                continue


def _references(schema: JsonSchema) -> Callable[[str], bool]:
    """Tell of references whether they lead to something in this schema."""
    resolver = _ALONE.resolver_with_root(DRAFT202012.create_resource(schema))

    def found(reference: str) -> bool:
        try:
            return reference.startswith("#") and resolver.lookup(reference) is not None
        except Unresolvable:
            return False

    return found


def _can_be_matched(pattern: str) -> bool:
    try:
        return _matcher(pattern) is not None
    except SchemaError:
        return False


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_FAULT else f"{text[:_LONGEST_FAULT]}…"
