"""The page that lists every condition type and reason, made from their docstrings."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from inspect import getdoc, getsource

from agents_crds.v1alpha1.conditions import ConditionType, EventReason, Reason, ScalingReason

INTRODUCTION = """\
# Conditions and reasons

What `kubectl describe` and the columns REASON and MESSAGE say, and what it means. The message of a condition
names the field or the object in question, and what to do next.
"""


@dataclass(frozen=True)
class Constant:
    """A member of one of the enumerations, and what it means."""

    value: str
    meaning: str


def conditions_page() -> str:
    """Return the page as Markdown."""
    sections = (
        ("Condition types", ConditionType),
        ("Reasons of conditions", Reason),
        ("Reasons of events", EventReason),
        ("Reasons of scaling", ScalingReason),
    )
    return INTRODUCTION + "".join(_section(title, listed) for title, listed in sections)


def constants(listed: type[StrEnum]) -> Iterator[Constant]:
    """Read the members of an enumeration, and the docstring that follows each in the source."""
    (definition,) = ast.parse(getsource(listed)).body
    if not isinstance(definition, ast.ClassDef):
        raise TypeError(f"{listed} is not a class")
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        match statement, following:
            case (
                ast.Assign(value=ast.Constant(value=str(value))),
                ast.Expr(value=ast.Constant(value=str(meaning))),
            ):
                yield Constant(value, " ".join(meaning.split()))
            case _:
                continue


def _section(title: str, listed: type[StrEnum]) -> str:
    rows = "".join(f"| `{each.value}` | {each.meaning} |\n" for each in constants(listed))
    return f"\n## {title}\n\n{getdoc(listed)}\n\n| name | meaning |\n|---|---|\n{rows}"
