"""What a tool returned, as a text for the model."""

from collections.abc import Iterator

from pydantic_core import PydanticSerializationError, to_json

from agents_crds.contract.cut import storable
from agents_worker.tools.errors import ToolError


def result_text(tool: str, value: object) -> str:
    """Hand a text on as it is, and anything else as JSON, pydantic models by their fields' aliases."""
    if isinstance(value, str):
        return storable(value)
    try:
        return to_json(value).decode()
    except (PydanticSerializationError, ValueError) as error:
        return (
            f"{tool} ran, but its result of type {type(value).__name__} cannot be shown: "
            f"{type(error).__name__}: {error}"
        )


def failure_text(tool: str, error: BaseException) -> str:
    """Tell the model how a tool failed; where the tool says so itself, in its own words alone."""
    causes = tuple(_single(error))
    told = [str(cause) for cause in causes if isinstance(cause, ToolError) and str(cause)]
    if len(told) == len(causes):
        return storable("\n".join(told))
    return storable(f"{tool} failed: " + "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes))


def _single(error: BaseException) -> Iterator[BaseException]:
    """Take a group apart, such as a TaskGroup raises: its own message only counts what is in it."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _single(inner)
    else:
        yield error
