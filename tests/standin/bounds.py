"""The bounds that a schema sets, and values that keep to them."""

import re

from tests.standin.jsonschema import JsonSchema


def to_number(schema: JsonSchema, text: str) -> int | float | None:
    """Read a number that the schema allows."""
    number = float(text)
    if schema.kind == "integer" and not number.is_integer():
        return None
    if not smallest(schema, unbounded=float("-inf")) <= number <= largest(schema):
        return None
    return int(number) if number.is_integer() else number


def smallest(schema: JsonSchema, unbounded: float = 1) -> float:
    """Give the least value allowed; `unbounded`, or less where that is too much, when there is none."""
    if schema.minimum is not None:
        return schema.minimum
    if schema.exclusive_minimum is not None:
        return schema.exclusive_minimum + 1
    return min(unbounded, largest(schema))


def largest(schema: JsonSchema) -> float:
    """Give the greatest value allowed."""
    if schema.maximum is not None:
        return schema.maximum
    return schema.exclusive_maximum - 1 if schema.exclusive_maximum is not None else float("inf")


def fits(value: str, schema: JsonSchema) -> bool:
    """Tell whether a text has a length and a form that the schema allows."""
    long_enough = schema.min_length <= len(value)
    short_enough = schema.max_length is None or len(value) <= schema.max_length
    return long_enough and short_enough and _has_pattern(value, schema.pattern)


def _has_pattern(value: str, pattern: str | None) -> bool:
    """Search a pattern; one that only other regular expression engines read is passed over."""
    try:
        return pattern is None or re.search(pattern, value) is not None
    except re.error:
        return True


def cut(value: str, schema: JsonSchema) -> str:
    """Bring a text to an allowed length."""
    return value[: schema.max_length].ljust(schema.min_length, ".")
