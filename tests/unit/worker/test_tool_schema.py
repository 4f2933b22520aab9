"""What the model is told about a function's arguments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Annotated, Literal, Optional, assert_type

import pytest
from pydantic import BaseModel, Field
from temporalio import activity

from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker import ToolContext, tool
from agents_worker.tools.decorator import AnyFunction
from agents_worker.tools.definition import Tool, define_tool
from agents_worker.tools.errors import ToolDefinitionError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Place(BaseModel):
    """Somewhere."""

    title: str
    zoom: int = 3


@dataclass
class Span:
    start: date
    days: int = 1


def defined(function: AnyFunction) -> Tool:
    found = define_tool(tool(function))
    assert found is not None
    return found


def schema_of(function: AnyFunction) -> JsonSchema:
    return defined(function).parameters.schema


def takes_nothing() -> None: ...
def takes_plain(count: int, ratio: float, name: str, sure: bool) -> None: ...  # noqa: FBT001  # its own schema
def takes_optional(name: Optional[str] = None, limit: int | None = 5) -> None: ...  # noqa: UP045  # both spellings
def takes_choice(kind: Literal["a", "b"], colour: Colour = Colour.RED) -> None: ...
def takes_lists(names: list[str], counts: dict[str, int]) -> None: ...
def takes_model(place: Place) -> None: ...
def takes_dataclass(span: Span) -> None: ...
def takes_annotated(count: Annotated[int, Field(ge=1, description="how many")]) -> None: ...
def takes_anything(value) -> None: ...  # type: ignore[no-untyped-def]  # as a user may write it
def takes_context(count: int, call: ToolContext, /, name: str = "x") -> None: ...
def takes_odd_names(schema: str, _id: int, model_config: str) -> None: ...


PLACE = {
    "description": "Somewhere.",
    "type": "object",
    "properties": {"title": {"type": "string"}, "zoom": {"type": "integer", "default": 3}},
    "required": ["title"],
}
SPAN = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"start": {"type": "string", "format": "date"}, "days": {"type": "integer", "default": 1}},
    "required": ["start"],
}


@pytest.mark.parametrize(
    ("function", "properties", "required", "definitions"),
    [
        (takes_nothing, {}, None, None),
        (
            takes_plain,
            {
                "count": {"type": "integer"},
                "ratio": {"type": "number"},
                "name": {"type": "string"},
                "sure": {"type": "boolean"},
            },
            ["count", "ratio", "name", "sure"],
            None,
        ),
        (
            takes_optional,
            {
                "name": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 5},
            },
            None,
            None,
        ),
        (
            takes_choice,
            {
                "kind": {"type": "string", "enum": ["a", "b"]},
                "colour": {"$ref": "#/$defs/Colour", "default": "red"},
            },
            ["kind"],
            {"Colour": {"type": "string", "enum": ["red", "blue"]}},
        ),
        (
            takes_lists,
            {
                "names": {"type": "array", "items": {"type": "string"}},
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
            ["names", "counts"],
            None,
        ),
        (takes_model, {"place": {"$ref": "#/$defs/Place"}}, ["place"], {"Place": PLACE}),
        (takes_dataclass, {"span": {"$ref": "#/$defs/Span"}}, ["span"], {"Span": SPAN}),
        (
            takes_annotated,
            {"count": {"type": "integer", "minimum": 1, "description": "how many"}},
            ["count"],
            None,
        ),
        (takes_anything, {"value": {}}, ["value"], None),
        (
            takes_context,
            {"count": {"type": "integer"}, "name": {"type": "string", "default": "x"}},
            ["count"],
            None,
        ),
        (
            takes_odd_names,
            {"schema": {"type": "string"}, "_id": {"type": "integer"}, "model_config": {"type": "string"}},
            ["schema", "_id", "model_config"],
            None,
        ),
    ],
)
def test_schema_says_what_the_signature_says(
    function: AnyFunction,
    properties: dict[str, object],
    required: list[str] | None,
    definitions: dict[str, object] | None,
) -> None:
    expected: dict[str, object] = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": required,
        "$defs": definitions,
    }
    assert schema_of(function) == {key: value for key, value in expected.items() if value is not None}


def test_docstring_describes_the_tool_and_its_parameters() -> None:
    def rate(year: int, bank: Annotated[str, Field(description="its short name")] = "ECB") -> str:
        """Look up an interest rate.

        Rates are as of January.

        Args:
            year: the calendar year
            bank: not this one
        Returns:
            A percentage.
        """
        return f"{year}{bank}"

    offer = defined(rate).offer()
    assert offer.description == "Look up an interest rate.\n\nRates are as of January."
    assert offer.parameters["properties"] == {
        "year": {"type": "integer", "description": "the calendar year"},
        "bank": {"type": "string", "description": "its short name", "default": "ECB"},
    }


async def test_a_decorated_function_stays_what_it_was() -> None:
    @tool(idempotent=True, timeout=timedelta(seconds=7))
    def double(number: int) -> int:
        return 2 * number

    @tool
    async def halve(number: int, context: ToolContext) -> float:
        return number / (context.attempt + 1)

    found = define_tool(double)
    assert assert_type(double(4), int) == 8
    assert assert_type(await halve(4, ToolContext()), float) == 2
    assert found is not None
    assert (found.offer().idempotent, found.offer().timeout) == (True, timedelta(seconds=7))


def test_plain_activities_are_tools_under_their_own_name() -> None:
    @activity.defn(name="look_up")
    async def find(word: str) -> str:
        return word

    found = define_tool(find)
    assert found is not None
    assert (found.name, found.offer().idempotent) == ("look_up", False)


@pytest.mark.parametrize("value", [3, "text", Place, len, lambda: None, takes_nothing.__class__])
def test_other_things_are_no_tools(value: object) -> None:
    assert define_tool(value) is None


def takes_many(*values: int) -> None: ...
def takes_keywords(**values: int) -> None: ...
def takes_unknown(value: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # the case itself
def takes_foreign(value: pytest.Item) -> None: ...
def takes_long_name() -> None: ...
def takes_two_contexts(one: ToolContext, other: ToolContext) -> None: ...
def takes_optional_context(context: ToolContext | None = None) -> None: ...
def takes_marked_context(context: Annotated[ToolContext, "mine"]) -> None: ...
def takes_contexts(*contexts: ToolContext) -> None: ...


def yields() -> Iterator[int]:
    yield 1


async def yields_slowly() -> AsyncIterator[int]:
    yield 1


takes_long_name.__name__ = "x" * 65


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (takes_many, r"cannot fill \*values; name each parameter"),
        (takes_keywords, r"cannot fill \*values; name each parameter"),
        (takes_unknown, "type hint cannot be read .*Missing"),
        (takes_foreign, "a type that JSON cannot carry"),
        (takes_long_name, "at most 64; rename the function"),
        (takes_two_contexts, "one and other are each a ToolContext, of which a call has one: keep one"),
        (takes_optional_context, "annotate context as ToolContext and nothing else"),
        (takes_marked_context, "annotate context as ToolContext and nothing else"),
        (takes_contexts, r"cannot fill \*contexts; name each parameter"),
        (yields, "tool yields: it yields, but a call has one result: return a list instead"),
        (yields_slowly, "a call has one result: return a list instead"),
    ],
)
def test_a_function_that_no_model_can_call_is_refused_with_a_remedy(function: AnyFunction, says: str) -> None:
    with pytest.raises(ToolDefinitionError, match=says):
        defined(function)


def test_only_functions_can_be_marked() -> None:
    with pytest.raises(TypeError, match=r"marks functions, and <class .* is none: wrap it in one"):
        tool(Place)


def test_a_timeout_must_leave_some_time() -> None:
    with pytest.raises(ValueError, match="give the call some time"):
        tool(timeout=timedelta())
