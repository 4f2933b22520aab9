"""Which schemas answers can be asked to fit, and which answers do."""

import json
import time

import pytest
from pydantic import JsonValue

from agents_crds.contract.answers import ANSWER_LIMIT, SCHEMA_LIMIT, answer_fault, schema_fault
from agents_crds.v1alpha1.fields import JsonSchema

Schema = dict[str, JsonValue]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

RATE: Schema = {
    "type": "object",
    "properties": {
        "rate": {"type": "number", "maximum": 10},
        "bank": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "years": {"type": "array", "uniqueItems": True, "items": {"type": "integer"}},
    },
    "required": ["rate"],
    "additionalProperties": False,
}
TREE: Schema = {
    "$ref": "#/$defs/node",
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
}


def nested(depth: int) -> Schema:
    schema: Schema = {}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


def branching(depth: int) -> Schema:
    """A short schema that takes 2 to the power of `depth` steps."""
    parts: Schema = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(depth)}
    return {"$ref": "#/$defs/a0", "$defs": {**parts, f"a{depth}": {}}}


def _label(value: Schema | str) -> str | None:
    return value[:40] if isinstance(value, str) else None


@pytest.mark.parametrize(
    "schema",
    [
        {},
        RATE,
        TREE,
        {"$schema": DIALECT, "type": "array", "items": {"$ref": "#"}},
        {"$id": "https://example.com/rate", "$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"properties": {"$ref": {"type": "string"}, "pattern": {"const": {"$ref": "elsewhere"}}}},
        {"type": ["string", "null"], "default": None},
    ],
)
def test_schema_that_answers_can_be_checked_by(schema: Schema) -> None:
    assert schema_fault(JsonSchema(schema)) is None


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({"type": "decimal"}, ".type: 'decimal' is not one of ['array', 'boolean'"),
        (
            {"properties": {"rate": {"maximum": "10"}}},
            ".properties.rate.maximum: '10' is not of type 'number'",
        ),
        ({"required": "rate"}, ".required: 'rate' is not of type 'array'"),
        ({"items": {"$ref": "http://example.com/x"}}, ".items.$ref 'http://example.com/x' is not found"),
        ({"items": {"$ref": "other.json"}}, ".items.$ref 'other.json' is not found"),
        ({"anyOf": [{}, {"$ref": "#/$defs/gone"}]}, ".anyOf[1].$ref '#/$defs/gone' is not found"),
        ({"$ref": "#"}, " is nested too deeply, or refers to itself without end"),
        (nested(5000), " is nested too deeply"),
        ({"pattern": "(?=a)"}, ".pattern '(?=a)' is not supported"),
        ({"pattern": "["}, ".pattern: '[' is not a 'regex'"),
        ({"patternProperties": {"a": {}}}, ".patternProperties is not supported: use properties"),
        ({"not": {"$dynamicRef": "#a"}}, ".not.$dynamicRef is not supported"),
        ({"$defs": {"a": {"$id": "a"}}}, ".$defs.a.$id is not supported below the root"),
        ({"items": {"$schema": DIALECT}}, ".items.$schema is not supported below the root"),
        ({"$ref": "#/default", "default": {"pattern": "("}}, ".$ref '#/default' is not found"),
        ({"$ref": "#/$defs/a/$defs/b", "$defs": {"a": {"$defs": {"b": {}}}}}, ".$ref '#/$defs/a/$defs/b' is"),
        (branching(40), " takes too long to check: let it branch less"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, ".$schema must be https://json-schema.org/"),
        ({"description": "x" * SCHEMA_LIMIT}, f" is longer than {SCHEMA_LIMIT} bytes"),
    ],
    ids=_label,
)
def test_schema_fault_names_the_place(schema: Schema, fault: str) -> None:
    found = schema_fault(JsonSchema(schema))
    assert found is not None
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (RATE, '{"rate": 4.25}'),
        (RATE, ' {"rate": 4, "bank": "ECB", "years": [2023, 2024]}\n'),
        (TREE, '{"next": {"next": {}}}'),
        (TREE, '{"next": ' * 100 + "{}" + "}" * 100),
        ({"type": "string"}, '"é"'),
        ({"uniqueItems": True}, '[1, "1", true, {"a": 1}, {"a": 2}, [1]]'),
    ],
)
def test_answer_fits(schema: Schema, text: str) -> None:
    assert answer_fault(JsonSchema(schema), text) is None


@pytest.mark.parametrize(
    ("schema", "text", "fault"),
    [
        (RATE, "", "it is not JSON alone: "),
        (RATE, "The rate is 4.25", "it is not JSON alone: "),
        (RATE, '```json\n{"rate": 4}\n```', "it is not JSON alone: "),
        (RATE, '{"rate": 4} Good?', "it is not JSON alone: "),
        (RATE, '{"rate": NaN}', "it is not JSON alone: "),
        (RATE, '{"rate": 1e999}', "it is not JSON alone: a number is too large"),
        (RATE, '{"rate": 9223372036854775808}', "it is not JSON alone: a number is too large"),
        (RATE, '{"bank": "\\ud800"}', "it is not JSON alone: "),
        (RATE, "[" * 5000, "it is not JSON alone: "),
        (RATE, "[]", "$: [] is not of type 'object'"),
        (RATE, '{"rate": "4"}', "$.rate: '4' is not of type 'number'"),
        (RATE, '{"rate": 4, "bank": "ecb"}', "$.bank: 'ecb' does not match '^[A-Z]{3}$'"),
        (RATE, '{"rate": 4, "years": [1, 2, 1]}', "$.years: it has the same item twice"),
        (RATE, '{"bank": "ecb", "x": 1}', "$.bank: 'ecb' does not match '^[A-Z]{3}$'; $: "),
        ({"uniqueItems": True}, '[{"a": 1, "b": 2}, {"b": 2, "a": 1}]', "$: it has the same item twice"),
        ({}, '"' + "x" * ANSWER_LIMIT + '"', f"it is longer than {ANSWER_LIMIT} bytes"),
        ({"$ref": "#"}, "{}", "it is nested too deeply to be checked"),
        (branching(40), "1", "it takes too long to check against the schema"),
    ],
    ids=_label,
)
def test_answer_fault_says_how_it_fails_to_fit(schema: Schema, text: str, fault: str) -> None:
    found = answer_fault(JsonSchema(schema), text)
    assert found is not None
    assert found.startswith(fault)
    assert len(found) < 1000


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"type": "string", "pattern": "^(a+)+$"}}, ["a" * 60 + "!"] * 1000),
        ({"uniqueItems": True}, [{"a": number} for number in range(15_000)]),
        ({"items": {"type": "object", "additionalProperties": False}}, [{f"k{n}": n} for n in range(12_000)]),
        ({"items": {"type": "object", "required": ["a"]}}, [{"a": n} for n in range(15_000)]),
        (branching(40), 1),
        (
            {"$schema": DIALECT, "properties": {"n": {"$ref": "#"}, "x": {"pattern": "^(a+)+$"}}},
            {"n": {"x": "a" * 60 + "!"}},
        ),
        ({"items": {"enum": list(range(100_000, 108_000))}}, [1] * 80_000),
        ({"allOf": [{"type": "object"}] * 3500}, "x" * 240_000),
    ],
    ids=[
        *("a pattern that backtracks", "many unique objects", "many faults", "many objects"),
        *("branches", "a pattern referred to", "many choices", "a long text with many faults"),
    ],
)
def test_largest_answers_are_checked_within_a_workflow_s_step(schema: Schema, value: JsonValue) -> None:
    text = json.dumps(value)
    assert len(text) < ANSWER_LIMIT
    began = time.process_time()
    answer_fault(JsonSchema(schema), text)
    assert time.process_time() - began < 1.2
