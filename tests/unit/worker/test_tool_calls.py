"""Arguments on their way in, results on their way out."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

import pytest
from pydantic import BaseModel

from agents_worker import tool
from agents_worker.tools.arguments import InvalidArguments, bind_arguments
from agents_worker.tools.decorator import AnyFunction
from agents_worker.tools.definition import Tool, define_tool
from agents_worker.tools.results import failure_text, result_text


class Colour(Enum):
    RED = "red"


class Place(BaseModel):
    name: str


@dataclass
class Rate:
    year: int
    percent: float


def defined(function: AnyFunction) -> Tool:
    found = define_tool(tool(function))
    assert found is not None
    return found


def show(place: Place, day: date, /, colour: Colour = Colour.RED, *, schema: int = 1) -> str:
    return f"{place.name} {day:%d.%m.%Y} {colour.name} {schema}"


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ('{"place": {"name": "Bonn"}, "day": "2024-06-01"}', "Bonn 01.06.2024 RED 1"),
        (
            '{"place": {"name": "Bonn"}, "day": "2024-06-01", "colour": "red", "schema": "7"}',
            "Bonn 01.06.2024 RED 7",
        ),
    ],
)
def test_arguments_become_the_types_of_the_signature(arguments: str, result: str) -> None:
    bound = bind_arguments(defined(show), arguments)
    assert not isinstance(bound, InvalidArguments)
    assert show(*bound.args, **bound.kwargs) == result


@pytest.mark.parametrize("arguments", ["", " ", "{}"])
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    def now() -> str:
        return "now"

    bound = bind_arguments(defined(now), arguments)
    assert not isinstance(bound, InvalidArguments)
    assert now(*bound.args, **bound.kwargs) == "now"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("{", "show was not called, its arguments are invalid: arguments: Invalid JSON"),
        ("[]", "arguments: Input should be an object"),
        ("{}", "place: Field required; day: Field required"),
        ('{"place": {}, "day": "2024-06-01"}', "place.name: Field required"),
        ('{"place": {"name": "x"}, "day": "2024-06-01", "zoom": 1}', "zoom: Extra inputs are not permitted"),
        ('{"place": {"name": "x"}, "day": "today"}', "day: Input should be a valid date"),
    ],
)
def test_invalid_arguments_become_a_text_that_names_them(arguments: str, says: str) -> None:
    bound = bind_arguments(defined(show), arguments)
    assert isinstance(bound, InvalidArguments)
    assert says in bound.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is\n", "as it is\n"),
        ("", ""),
        (None, "null"),
        (3.5, "3.5"),
        (True, "true"),
        ({"a": [1, "é"]}, '{"a":[1,"é"]}'),
        (Place(name="Bonn"), '{"name":"Bonn"}'),
        ([Rate(2024, 4.25)], '[{"year":2024,"percent":4.25}]'),
        (Colour.RED, '"red"'),
        (date(2024, 6, 1), '"2024-06-01"'),
        ("lone \ud800", "lone ?"),
    ],
)
def test_results_become_text(value: object, text: str) -> None:
    assert result_text("show", value) == text


def test_a_result_that_json_cannot_carry_says_so() -> None:
    text = result_text("show", object())
    assert text.startswith("show ran, but its result of type object cannot be shown")


def test_an_exception_becomes_a_text() -> None:
    assert failure_text("show", KeyError("town")) == "show failed: KeyError: 'town'"
