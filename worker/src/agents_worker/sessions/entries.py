"""A provider's answers, parsed leniently: what the loop does not know must not lose what it does.

By the time an answer is read its side effect has happened, so that an unknown entry, a missing count or a new
kind of content is passed over instead of failing the call.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import to_json

from agents_crds.contract.run import Usage
from agents_worker.messages import Entry, FunctionCall, Handoff, Message, Other
from agents_worker.text import ANSWER_LIMIT, share, storable


class Wire(BaseModel):
    """A frozen part of an answer; fields that we have no use for are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Chunk(Wire):
    """A piece of a message; only pieces with a text are shown."""

    type: str = ""
    text: str = ""


class MessageOutput(Wire):
    """Text of the agent."""

    type: Literal["message.output"]
    content: str | tuple[Chunk | None, ...]


class CallOutput(Wire):
    """A function that the model wants called."""

    type: Literal["function.call"]
    tool_call_id: str
    name: str
    arguments: str | dict[str, Any]


class ResultInput(Wire):
    """A function's result, as we sent it."""

    type: Literal["function.result"]
    tool_call_id: str


def _words(content: object) -> object:
    """Take the text of a message to the agent out of whatever the provider made of it."""
    pieces = content if isinstance(content, list | tuple) else [content]
    texts = [piece.get("text") if isinstance(piece, dict) else piece for piece in pieces]
    return "".join(text for text in texts if isinstance(text, str))


class MessageInput(Wire):
    """A message to the agent, as we sent it."""

    type: Literal["message.input"]
    content: Annotated[str, BeforeValidator(_words)] = ""


class HandoffOutput(Wire):
    """Another agent took over."""

    type: Literal["agent.handoff"]
    next_agent_name: str = ""


class UnknownOutput(Wire):
    """Any other entry: a built-in tool's execution, or a kind newer than this worker."""

    type: str = "unknown"


WireEntry = Annotated[
    MessageOutput | CallOutput | ResultInput | MessageInput | HandoffOutput | UnknownOutput,
    Field(union_mode="left_to_right"),
]


def _count(value: object) -> object:
    return value if isinstance(value, int) and value >= 0 else 0


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


def entries_of(outputs: tuple[WireEntry, ...]) -> tuple[Entry, ...]:
    """Turn entries into the loop's own, small enough for a workflow's history."""
    entries = tuple(_entry(output) for output in outputs)
    texts = share(tuple(_text(entry) for entry in entries), ANSWER_LIMIT)
    return tuple(_with_text(entry, text) for entry, text in zip(entries, texts, strict=True))


def usage_of(usage: WireUsage | None) -> Usage:
    """Turn a provider's counts into ours."""
    if usage is None:
        return Usage()
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        connector_tokens=usage.connector_tokens,
    )


def _entry(output: WireEntry) -> Entry:
    match output:
        case MessageOutput(content=content):
            return Message(text=storable(content if isinstance(content, str) else _joined(content)))
        case CallOutput(tool_call_id=call, name=name, arguments=arguments):
            written = arguments if isinstance(arguments, str) else to_json(arguments).decode()
            return FunctionCall(tool_call_id=call, name=storable(name), arguments=storable(written))
        case HandoffOutput(next_agent_name=agent):
            return Handoff(agent=agent)
        case ResultInput() | MessageInput() | UnknownOutput():
            return Other(kind=output.type)


def _joined(chunks: tuple[Chunk | None, ...]) -> str:
    return "".join(chunk.text for chunk in chunks if chunk)


def _text(entry: Entry) -> str:
    match entry:
        case Message(text=text):
            return text
        case FunctionCall(arguments=arguments):
            return arguments
        case Handoff() | Other():
            return ""


def _with_text(entry: Entry, text: str) -> Entry:
    match entry:
        case Message():
            return Message(text=text)
        case FunctionCall(tool_call_id=call, name=name):
            return FunctionCall(tool_call_id=call, name=name, arguments=text)
        case Handoff() | Other():
            return entry
