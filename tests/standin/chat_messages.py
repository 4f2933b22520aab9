"""The messages of a chat as Mistral writes them, and what the model reads in them. Pure."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tests.standin.base import Frozen
from tests.standin.chunks import ImageUrlChunk, TextChunk
from tests.standin.entries import AnyEntry, FunctionCall, FunctionResult, MessageInput, MessageOutput


class ThinkChunk(Frozen):
    """A thought, as the model gave it and takes it back."""

    type: Literal["thinking"] = "thinking"
    thinking: tuple[TextChunk, ...]
    signature: str | None = None
    closed: bool | None = None


class CalledFunction(Frozen):
    name: str
    arguments: str | dict[str, JsonValue]


class ToolCall(Frozen):
    id: str = "null"
    type: str = "function"
    function: CalledFunction
    index: int = 0


SpokenChunk = Annotated[TextChunk | ThinkChunk, Field(discriminator="type")]
ShownChunk = Annotated[TextChunk | ImageUrlChunk, Field(discriminator="type")]


class SystemMessage(Frozen):
    role: Literal["system"] = "system"
    content: str | tuple[SpokenChunk, ...]


class UserMessage(Frozen):
    role: Literal["user"] = "user"
    content: str | tuple[ShownChunk, ...] | None


class AssistantMessage(Frozen):
    role: Literal["assistant"] = "assistant"
    content: str | tuple[SpokenChunk, ...] | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    prefix: bool = False

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """List its calls; none and null are the same."""
        return self.tool_calls or ()


class ToolMessage(Frozen):
    role: Literal["tool"] = "tool"
    content: str | tuple[ShownChunk, ...] | None
    tool_call_id: str | None = None
    name: str | None = None


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]


def text_of(message: Message) -> str:
    """Join what a message says, without thoughts and images."""
    match message.content:
        case None:
            return ""
        case str() as text:
            return text
        case chunks:
            return "\n".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


def thought_of(message: Message) -> str:
    """Join what an assistant thought."""
    if message.content is None or isinstance(message.content, str):
        return ""
    thoughts = (chunk.thinking for chunk in message.content if isinstance(chunk, ThinkChunk))
    return "".join(piece.text for pieces in thoughts for piece in pieces)


def read_text(message: Message) -> str:
    """Join all that the model reads of a message: texts, thoughts and calls."""
    said = text_of(message) + thought_of(message)
    if not isinstance(message, AssistantMessage):
        return said
    return said + "".join(call.function.name + str(call.function.arguments) for call in message.calls)


def instructions_of(messages: tuple[Message, ...]) -> str:
    """Join the system's messages."""
    return "\n".join(text_of(message) for message in messages if isinstance(message, SystemMessage))


def entries_of(messages: tuple[Message, ...]) -> tuple[AnyEntry, ...]:
    """Read a chat as the entries of a conversation; thoughts and the system's messages are none."""
    return tuple(entry for message in messages for entry in _entries(message))


def topic_of(messages: tuple[Message, ...]) -> str:
    """Name a transcript by the beginning of the user's first message."""
    said = (text_of(message) for message in messages if isinstance(message, UserMessage))
    return next(said, "")[:200]


def _entries(message: Message) -> Iterator[AnyEntry]:
    match message:
        case UserMessage(content=content):
            yield MessageInput(role="user", content=content or "")
        case AssistantMessage():
            if text := text_of(message):
                yield MessageOutput(content=text)
            for call in message.calls:
                name, arguments = call.function.name, call.function.arguments
                yield FunctionCall(tool_call_id=call.id, name=name, arguments=arguments)
        case ToolMessage(tool_call_id=call_id):
            yield FunctionResult(tool_call_id=call_id or "", result=text_of(message))
        case SystemMessage():
            return
