"""An answer of a server of chat completions as it comes, parsed leniently: it was paid for."""

from typing import Annotated

from pydantic import BeforeValidator, Field, JsonValue, TypeAdapter

from agents_worker.sessions.wire import Arguments, Text, Wire, WireUsage


def _first(value: object) -> object:
    """We ask for one: what others there are is nothing to fail for."""
    return value[:1] if isinstance(value, list) else value


def _objects(value: object) -> object:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else ()


def _object(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _object_or_none(value: object) -> object:
    return value if isinstance(value, dict) else None


def _content(value: object) -> object:
    """Take a text or chunks; no server takes anything else back, nor a chunk that does not say what it is."""
    match value:
        case str():
            return value
        case list():
            chunks = ({"type": "text", "text": each} if isinstance(each, str) else each for each in value)
            return [each for each in chunks if isinstance(each, dict) and "type" in each] or None
        case _:
            return None


class WireFunction(Wire):
    """What is called."""

    name: Text = ""
    arguments: Arguments = "{}"


class WireToolCall(Wire):
    """A call; some servers give it no id."""

    id: Text = ""
    function: Annotated[WireFunction, BeforeValidator(_object)] = WireFunction()
    extra_content: JsonValue = None


class WireChatMessage(Wire):
    """The model's answer; where servers put its thoughts differs, as their name does."""

    content: Annotated[JsonValue, BeforeValidator(_content)] = None
    refusal: Text = ""
    reasoning_content: Text = ""
    reasoning: Text = ""
    reasoning_details: JsonValue = None
    tool_calls: Annotated[tuple[WireToolCall, ...], BeforeValidator(_objects)] = ()


class WireFault(Wire):
    """What went wrong while an answer was written."""

    message: Text = ""


class WireChoice(Wire):
    """One of the answers."""

    message: WireChatMessage
    finish_reason: Text = ""
    error: Annotated[WireFault, BeforeValidator(_object)] = WireFault()


class WireChat(Wire):
    """The answer to a request."""

    choices: Annotated[tuple[WireChoice, ...], BeforeValidator(_first), Field(min_length=1)]
    usage: Annotated[WireUsage | None, BeforeValidator(_object_or_none)] = None
    model: Text = ""


WIRE_CHAT = TypeAdapter(WireChat)
