"""Arguments are filled from the request, by the schema."""

from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from tests.standin.arguments import fill_arguments
from tests.standin.jsonschema import JsonSchema

STRING: JsonValue = {"type": "string"}
INTEGER: JsonValue = {"type": "integer"}
NUMBER: JsonValue = {"type": "number"}


def schema(required: list[str], **properties: JsonValue) -> JsonSchema:
    names = cast("list[JsonValue]", required)
    return JsonSchema.model_validate({"type": "object", "properties": properties, "required": names})


@pytest.mark.parametrize(
    ("properties", "text", "expected"),
    [
        ({"year": INTEGER}, "the rate in 2023", {"year": 2023}),
        ({"year": STRING}, "the rate in 2023", {"year": "2023"}),
        ({"a": NUMBER, "b": NUMBER}, "Add 3 and 4.5", {"a": 3, "b": 4.5}),
        ({"a": INTEGER, "b": INTEGER}, "b = 1, a = 2", {"a": 2, "b": 1}),
        ({"sides": INTEGER}, "roll a 20-sided die 3 times", {"sides": 20}),
        ({"limit": INTEGER, "year": INTEGER}, "limit 5 in 1999", {"limit": 5, "year": 1999}),
        ({"amount": NUMBER}, "1,250.50 euros", {"amount": 1250.5}),
        ({"city": STRING}, "What is the weather in New York today?", {"city": "New York"}),
        ({"city": STRING}, "Is it raining? Tell me about Oslo.", {"city": "Oslo"}),
        ({"city": STRING}, "weather for berlin", {"city": "berlin"}),
        ({"title": STRING}, 'Open "A long day" for Ann', {"title": "A long day"}),
        ({"symbol": STRING}, "How is AAPL doing at Apple?", {"symbol": "AAPL"}),
        (
            {"base_currency": STRING, "to_currency": STRING},
            "EUR to USD",
            {"base_currency": "EUR", "to_currency": "USD"},
        ),
        (
            {"from_city": STRING, "to_city": STRING},
            "to Rome from Oslo",
            {"from_city": "Oslo", "to_city": "Rome"},
        ),
        ({"order_id": STRING}, "Where is order A-1234?", {"order_id": "A-1234"}),
        ({"query": STRING}, "how do timers work", {"query": "how do timers work"}),
        ({"expression": STRING}, "What is 3 * (4 + 5)?", {"expression": "3 * (4 + 5)"}),
        ({"date": {"type": "string", "format": "date"}}, "on 6 June 2024", {"date": "2024-06-06"}),
        ({"date": {"type": "string", "format": "date"}}, "on 2024-06-07", {"date": "2024-06-07"}),
        ({"date": STRING}, "on June 8, 2024", {"date": "2024-06-08"}),
        (
            {"to": {"type": "string", "format": "email"}},
            "write to ann@example.org.",
            {"to": "ann@example.org"},
        ),
        (
            {"url": {"type": "string", "format": "uri"}},
            "open https://example.org/a.",
            {"url": "https://example.org/a"},
        ),
        ({"unit": {"enum": ["celsius", "fahrenheit"]}}, "in Fahrenheit please", {"unit": "fahrenheit"}),
        ({"unit": {"enum": ["celsius", "fahrenheit"]}}, "how warm is it", {"unit": "celsius"}),
        ({"verbose": {"type": "boolean"}}, "be verbose", {"verbose": True}),
        ({"verbose": {"type": "boolean"}}, "not verbose", {"verbose": False}),
        (
            {"cities": {"type": "array", "items": STRING}},
            "compare Oslo and Rome",
            {"cities": ["Oslo", "Rome"]},
        ),
        ({"values": {"type": "array", "items": NUMBER}}, "mean of 1, 2 and 3.5", {"values": [1, 2, 3.5]}),
        (
            {"place": {"type": "object", "properties": {"city": STRING}, "required": ["city"]}},
            "in Oslo",
            {"place": {"city": "Oslo"}},
        ),
        ({"count": {"anyOf": [INTEGER, {"type": "null"}]}}, "take 7", {"count": 7}),
        ({"count": {"type": "integer", "maximum": 10}}, "take 70", {"count": 1}),
        ({"count": {"type": "integer", "minimum": 3}}, "take some", {"count": 3}),
        ({"count": {"type": "integer", "default": 9}}, "take some", {"count": 9}),
    ],
)
def test_required_arguments_come_from_the_request(
    properties: dict[str, JsonValue], text: str, expected: dict[str, JsonValue]
) -> None:
    assert fill_arguments(schema(list(properties), **properties), text) == expected


@pytest.mark.parametrize(
    ("properties", "text", "expected"),
    [
        ({"sides": {"type": "integer", "default": 6}}, "roll the dice 3 times", {}),
        ({"sides": {"type": "integer", "default": 6}}, "roll a 12-sided die", {"sides": 12}),
        ({"bank": {"type": "string", "default": "ecb"}}, "the rate of the Fed", {"bank": "Fed"}),
        ({"note": STRING}, "roll the dice", {}),
        ({"unit": {"enum": ["celsius", "fahrenheit"]}}, "how warm is it", {}),
    ],
)
def test_optional_arguments_are_given_only_where_the_request_speaks_of_them(
    properties: dict[str, JsonValue], text: str, expected: dict[str, JsonValue]
) -> None:
    assert fill_arguments(schema([], **properties), text) == expected


def test_references_are_followed() -> None:
    definitions: JsonValue = {
        "Place": {"type": "object", "properties": {"city": STRING}, "required": ["city"]}
    }
    declared = JsonSchema.model_validate(
        {
            "type": "object",
            "properties": {"place": {"$ref": "#/$defs/Place"}},
            "required": ["place"],
            "$defs": definitions,
        }
    )
    assert fill_arguments(declared, "the weather in Oslo") == {"place": {"city": "Oslo"}}


@pytest.mark.parametrize(
    "declared",
    [
        {"$ref": "#/$defs/Node"},
        {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Node"}},
        {"$ref": "#/$defs/Missing"},
        {"type": "string", "pattern": "\\p{L}+"},
        True,
    ],
)
def test_an_odd_schema_is_filled_as_far_as_it_goes(declared: JsonValue) -> None:
    node: JsonValue = {
        "type": "object",
        "properties": {"next": {"$ref": "#/$defs/Node"}},
        "required": ["next"],
    }
    odd = {"properties": {"odd": declared}, "required": ["odd"], "$defs": {"Node": node}}
    assert fill_arguments(JsonSchema.model_validate(odd), "Go on, Ann").keys() == {"odd"}


def test_values_come_from_a_later_text_when_the_first_has_none() -> None:
    wanted = schema(["user_id"], user_id=STRING)
    assert fill_arguments(wanted, "get the orders", '{"user_id": "u-17"}') == {"user_id": "u-17"}


_SCALARS = st.sampled_from(["string", "integer", "number", "boolean"])
_PROPERTY = st.recursive(
    st.builds(lambda kind: {"type": kind}, _SCALARS)
    | st.builds(
        lambda low, size: {"type": "integer", "minimum": low, "maximum": low + size},
        st.integers(-50, 50),
        st.integers(0, 50),
    )
    | st.builds(lambda members: {"enum": members}, st.lists(st.text(max_size=4), min_size=1, max_size=3)),
    lambda inner: (
        st.builds(lambda item: {"type": "array", "items": item, "minItems": 1}, inner)
        | st.builds(
            lambda named: {"type": "object", "properties": named, "required": list(named)},
            st.dictionaries(st.text("abcde", min_size=1, max_size=4), inner, max_size=3),
        )
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(
    properties=st.dictionaries(st.text("abcde_", min_size=1, max_size=6), _PROPERTY, max_size=4),
    text=st.text(max_size=40) | st.sampled_from(["add 3 and 4", "in Paris on 2024-01-02 for EUR 5.5"]),
)
def test_required_arguments_always_have_the_right_type(properties: dict[str, JsonValue], text: str) -> None:
    declared = schema(list(properties), **properties)
    filled = fill_arguments(declared, text)
    assert filled.keys() == properties.keys()
    for name, value in filled.items():
        _assert_valid(declared.properties[name], value)


def _assert_valid(declared: JsonSchema, value: JsonValue) -> None:
    match declared.kind, value:
        case _ if declared.enum is not None:
            assert value in declared.enum
        case "integer", int():
            assert declared.minimum is None or declared.minimum <= value
            assert declared.maximum is None or value <= declared.maximum
        case "array", list():
            assert len(value) >= declared.min_items
            for item in value:
                _assert_valid(declared.items or JsonSchema(), item)
        case "object", dict():
            assert value.keys() == declared.properties.keys()
            for name, inner in value.items():
                _assert_valid(declared.properties[name], inner)
        case ("string", str()) | ("number", int() | float()) | ("boolean", bool()):
            return
        case _:
            raise AssertionError(f"{value!r} is not of {declared}")
