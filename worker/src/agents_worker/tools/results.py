"""What a tool returned, as a text for the model."""

from pydantic_core import PydanticSerializationError, to_json

from agents_worker.text import storable


def result_text(tool: str, value: object) -> str:
    """Hand a text on as it is, and anything else as JSON."""
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
    """Tell the model how a tool failed."""
    return storable(f"{tool} failed: {type(error).__name__}: {error}")
