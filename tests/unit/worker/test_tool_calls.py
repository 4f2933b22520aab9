"""Arguments on their way in, results on their way out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum

import pytest
from pydantic import BaseModel, Field

from agents_worker import ToolContext, ToolError, tool
from agents_worker.tools.arguments import InvalidArguments, bind_arguments
from agents_worker.tools.decorator import AnyFunction
from agents_worker.tools.definition import Tool, define_tool
from agents_worker.tools.results import failure_text, result_text


class Colour(Enum):
    RED = "red"


class Place(BaseModel):
    name: str


class Deposit(BaseModel):
    interest_rate: Decimal = Field(alias="interestRate")
    due: date | None = None


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
    bound = bind_arguments(defined(show), arguments, ToolContext())
    assert not isinstance(bound, InvalidArguments)
    assert show(*bound.args, **bound.kwargs) == result


@pytest.mark.parametrize("arguments", ["", " ", "{}"])
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    def now() -> str:
        return "now"

    bound = bind_arguments(defined(now), arguments, ToolContext())
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
    bound = bind_arguments(defined(show), arguments, ToolContext())
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
        (Deposit(interestRate=Decimal("4.20")), '{"interestRate":"4.20","due":null}'),
        ({"places": (Place(name="Bonn"), None)}, '{"places":[{"name":"Bonn"},null]}'),
        (Colour.RED, '"red"'),
        (date(2024, 6, 1), '"2024-06-01"'),
        (datetime(2024, 6, 1, 12, tzinfo=UTC), '"2024-06-01T12:00:00Z"'),
        (timedelta(minutes=90), '"PT1H30M"'),
        ("Zürich".encode(), '"Zürich"'),
        ("lone \ud800", "lone ?"),
    ],
)
def test_results_become_text(value: object, text: str) -> None:
    assert result_text("show", value) == text


@pytest.mark.parametrize("value", [object(), b"\xff", [Place], {"place": "lone \ud800"}])
def test_a_result_that_json_cannot_carry_says_so(value: object) -> None:
    kind = type(value).__name__
    assert result_text("show", value).startswith(f"show ran, but its result of type {kind} cannot be shown: ")


def grouped(*errors: Exception) -> Exception:
    return ExceptionGroup("unhandled errors in a TaskGroup", [errors[0], ExceptionGroup("inner", errors[1:])])


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("town"), "show failed: KeyError: 'town'"),
        (SystemExit(3), "show failed: SystemExit: 3"),
        (ToolError("No such town: ask for its country."), "No such town: ask for its country."),
        (ToolError(), "show failed: ToolError: "),
        (ToolError("lone \ud800"), "lone ?"),
        (
            grouped(ValueError("a"), KeyError("b"), ToolError("c")),
            "show failed: ValueError: a; KeyError: 'b'; ToolError: c",
        ),
        (grouped(ToolError("No such town."), ToolError("No such year.")), "No such town.\nNo such year."),
    ],
)
def test_an_exception_becomes_a_text(error: BaseException, text: str) -> None:
    assert failure_text("show", error) == text
