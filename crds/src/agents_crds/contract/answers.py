"""Answers in a given form: which JSON schemas an Agent may ask for, and whether an answer fits one.

Operator and worker must agree on it: what the one accepts the other has to check. It is JSON Schema 2020-12,
but for what would reach beyond the schema or cannot be checked in bounded time.
"""

import heapq
import json
import math
import re
from collections.abc import Iterator

from jsonschema import Draft202012Validator, exceptions
from pydantic import JsonValue
from pydantic_core import from_json

from agents_crds.contract.checking import TooCostlyError, can_be_matched, validator
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
_OF_THE_ROOT = ("$schema", "$id")
_SCHEMAS = frozenset(("additionalProperties", "contains", "items", "not", "propertyNames")).union(
    ("if", "then", "else", "contentSchema", "unevaluatedItems", "unevaluatedProperties")
)
_LISTS_OF_SCHEMAS = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_MAPS_OF_SCHEMAS = frozenset(("$defs", "definitions", "dependentSchemas", "properties"))
_REFERENCE = re.compile(r"#(?:/\$defs/(?P<name>[A-Za-z0-9_.-]+))?")
# Beyond 64 bits the API server refuses an integer, or rounds it.
_INTEGERS = range(-(2**63), 2**63)
_NAMED_FAULTS = 3
_LONGEST_FAULT = 300


def schema_fault(schema: JsonSchema) -> str | None:
    """Say where a schema is not one that answers can be checked by, and why; None when it is."""
    try:
        if len(json.dumps(schema, ensure_ascii=False).encode()) > SCHEMA_LIMIT:
            return f" is longer than {SCHEMA_LIMIT} bytes as JSON: shorten it"
        Draft202012Validator.check_schema(schema)
        fault = next(_faults(dict(schema), "", schema), None)
        if fault is None:
            validator(schema).is_valid(None)
    except exceptions.SchemaError as error:
        place = "".join(f".{step}" for step in error.absolute_path)
        alternatives = [each.message for each in error.context or () if not each.path]
        return f"{place}: {_cut('; or '.join(alternatives) or error.message)}"
    except RecursionError:
        return " is nested too deeply, or refers to itself without end"
    except TooCostlyError:
        return " takes too long to check: let it branch less"
    return fault


def answer_fault(schema: JsonSchema, text: str) -> str | None:
    """Say how an answer fails to fit the schema, for the model and for people; None when it fits."""
    if len(text.encode(errors="replace")) > ANSWER_LIMIT:
        return f"it is longer than {ANSWER_LIMIT} bytes: shorten it"
    try:
        value = answer_value(text)
    except ValueError as error:
        return f"it is not JSON alone: {error}"
    try:
        errors = validator(schema).iter_errors(value)
        # In an order that is the same when the workflow is replayed.
        first = heapq.nsmallest(
            _NAMED_FAULTS, (_cut(f"{error.json_path}: {error.message}") for error in errors)
        )
    except RecursionError:
        return "it is nested too deeply to be checked"
    except TooCostlyError:
        return "it takes too long to check against the schema: shorten it"
    return "; ".join(first) or None


def answer_value(text: str) -> JsonValue:
    """Read an answer as JSON; raise a ValueError that says where it is none."""
    value: JsonValue = from_json(text, allow_inf_nan=False)
    if not _can_be_stored(value):
        raise ValueError("a number is too large")
    return value


def _can_be_stored(value: JsonValue) -> bool:
    match value:
        case int():
            return value in _INTEGERS
        case float():
            return math.isfinite(value)
        case list():
            return all(map(_can_be_stored, value))
        case dict():
            return all(map(_can_be_stored, value.values()))
        case _:
            return True


def _faults(schema: JsonValue, place: str, root: JsonSchema) -> Iterator[str]:
    """Name what is not kept to here in a schema that is valid in itself."""
    if not isinstance(schema, dict):
        return
    yield from (f"{place}.{keyword} {why}" for keyword, why in _REFUSED.items() if keyword in schema)
    if schema.get("$schema", _DIALECT) != _DIALECT:
        yield f"{place}.$schema must be {_DIALECT}, or be left out"
    # Below the root, either would have a part checked by other rules than these.
    if place:
        yield from (
            f"{place}.{each} is not supported below the root" for each in _OF_THE_ROOT if each in schema
        )
    reference, pattern = schema.get("$ref", "#"), schema.get("pattern", "")
    if not _is_found(str(reference), root):
        yield f"{place}.$ref {reference!r} is not found: only the schema's own #/$defs/name is, and #"
    if not can_be_matched(str(pattern)):
        yield f"{place}.pattern {pattern!r} is not supported: do without look-around and back-references"
    for step, child in _children(schema):
        yield from _faults(child, f"{place}.{step}", root)


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


def _is_found(reference: str, root: JsonSchema) -> bool:
    """Tell whether a reference leads to a part that is checked here as a schema."""
    match = _REFERENCE.fullmatch(reference)
    definitions = root.get("$defs", {})
    return match is not None and (
        match["name"] is None or (isinstance(definitions, dict) and match["name"] in definitions)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_FAULT else f"{text[:_LONGEST_FAULT]}…"
