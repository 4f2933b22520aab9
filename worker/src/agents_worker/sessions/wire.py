"""A provider's answers as they come, parsed leniently: what we do not know must not lose what we do.

By the time an answer is read its side effect has happened, so that an unknown entry, a missing count or a new
kind of content is passed over instead of failing the call.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, TypeAdapter
from pydantic_core import to_json


class Wire(BaseModel):
    """A frozen part of an answer; fields that we have no use for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _text(value: object) -> object:
    return value if isinstance(value, str) else ""


def _written(value: object) -> object:
    match value:
        case str():
            return value
        case None:
            return "{}"
        case _:
            return to_json(value).decode()


def _told(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _pieces(content: object) -> object:
    match content:
        case list() | tuple():
            return [{"text": piece} if isinstance(piece, str) else piece for piece in content]
        case str():
            return ({"text": content},)
        case _:
            return ()


def _words(content: object) -> object:
    """Take the text of a message to the agent out of whatever the provider made of it."""
    pieces = content if isinstance(content, list | tuple) else [content]
    texts = [piece.get("text") if isinstance(piece, dict) else piece for piece in pieces]
    return "".join(text for text in texts if isinstance(text, str))


Text = Annotated[str, BeforeValidator(_text)]
Arguments = Annotated[str, BeforeValidator(_written)]
"""JSON: providers give it as a text, or as it is."""


class TextPiece(Wire):
    """Words of a message."""

    type: Literal["text"] = "text"
    text: str


class ReferencePiece(Wire):
    """A source that a tool of the provider found."""

    type: Literal["tool_reference"]
    tool: Text = ""
    title: Text = ""
    url: Text = ""


class FilePiece(Wire):
    """A file that a tool of the provider made."""

    type: Literal["tool_file"]
    tool: Text = ""
    file_id: Text = ""
    file_name: Text = ""
    file_type: Text = ""


# Thoughts, and whatever is newer than this worker, are anything.
Piece = Annotated[TextPiece | ReferencePiece | FilePiece | object, Field(union_mode="left_to_right")]


class WireOutput(Wire):
    """An entry of a conversation."""

    id: Text = ""


class MessageOutput(WireOutput):
    """Something that an agent wrote."""

    type: Literal["message.output"]
    agent_id: Text = ""
    model: Text = ""
    content: Annotated[tuple[Piece, ...], BeforeValidator(_pieces)] = ()


class CallOutput(WireOutput):
    """A function that the model wants called."""

    type: Literal["function.call"]
    agent_id: Text = ""
    model: Text = ""
    tool_call_id: str
    name: str
    arguments: Arguments = "{}"
    confirmation_status: Text = ""


class ResultInput(WireOutput):
    """A function's result, as we sent it."""

    type: Literal["function.result"]
    tool_call_id: str


class MessageInput(WireOutput):
    """A message to the agent, as we sent it."""

    type: Literal["message.input"]
    content: Annotated[str, BeforeValidator(_words)] = ""


class ExecutionOutput(WireOutput):
    """A tool that the provider ran itself."""

    type: Literal["tool.execution"]
    agent_id: Text = ""
    name: Text = ""
    arguments: Arguments = "{}"
    info: Annotated[dict[str, JsonValue], BeforeValidator(_told)] = Field(default_factory=dict)


class HandoffOutput(WireOutput):
    """Another agent took over."""

    type: Literal["agent.handoff"]
    previous_agent_id: Text = ""
    previous_agent_name: Text = ""
    next_agent_id: Text = ""
    next_agent_name: Text = ""


class UnknownOutput(WireOutput):
    """Any other entry: a kind newer than this worker."""

    type: str = "unknown"
    agent_id: Text = ""


WireEntry = Annotated[
    MessageOutput | CallOutput | ResultInput | MessageInput | ExecutionOutput | HandoffOutput | UnknownOutput,
    Field(union_mode="left_to_right"),
]


_MOST_TOKENS = 10**12


def _count(value: object) -> object:
    return value if isinstance(value, int) and 0 <= value <= _MOST_TOKENS else 0


Count = Annotated[int, BeforeValidator(_count)]


class WireUsage(Wire):
    """Tokens of one call."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    total_tokens: Count = 0
    connector_tokens: Count = 0


class WireResponse(Wire):
    """The answer to a start or an append."""

    conversation_id: str
    outputs: tuple[WireEntry, ...]
    usage: WireUsage | None = None


class WireHistory(Wire):
    """All entries of a conversation, oldest first."""

    entries: tuple[WireEntry, ...]


class WireConversation(Wire):
    """A conversation in a listing."""

    id: str
    created_at: datetime
    metadata: dict[str, Any] | None = None


WIRE_RESPONSE = TypeAdapter(WireResponse)
WIRE_HISTORY = TypeAdapter(WireHistory)
WIRE_CONVERSATIONS = TypeAdapter(tuple[WireConversation, ...])
