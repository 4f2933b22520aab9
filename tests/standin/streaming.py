"""An answer as the events that a streaming request receives."""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from tests.standin.base import Frozen
from tests.standin.chunks import OutputChunk, TextChunk
from tests.standin.conversations import ConversationResponse
from tests.standin.entries import (
    ForeignEntry,
    FunctionCall,
    Handoff,
    MessageOutput,
    OutputEntry,
    ToolExecution,
    Usage,
)

_PIECE = 24


class Event(Frozen):
    created_at: datetime


class Started(Event):
    type: Literal["conversation.response.started"] = "conversation.response.started"
    conversation_id: str


class Done(Event):
    type: Literal["conversation.response.done"] = "conversation.response.done"
    usage: Usage


class OutputEvent(Event):
    output_index: int
    id: str


class MessageDelta(OutputEvent):
    type: Literal["message.output.delta"] = "message.output.delta"
    content: str | OutputChunk
    content_index: int
    role: Literal["assistant"] = "assistant"
    model: str | None
    agent_id: str | None


class CallDelta(OutputEvent):
    type: Literal["function.call.delta"] = "function.call.delta"
    name: str
    tool_call_id: str
    arguments: str
    model: str | None
    agent_id: str | None
    confirmation_status: str | None = None


class ExecutionEvent(OutputEvent):
    name: str
    function: str | None


class ExecutionStarted(ExecutionEvent):
    type: Literal["tool.execution.started"] = "tool.execution.started"
    arguments: str = ""
    model: str | None
    agent_id: str | None


class ExecutionDelta(ExecutionEvent):
    type: Literal["tool.execution.delta"] = "tool.execution.delta"
    arguments: str


class ExecutionDone(ExecutionEvent):
    type: Literal["tool.execution.done"] = "tool.execution.done"
    info: dict[str, JsonValue]


class HandoffStarted(OutputEvent):
    type: Literal["agent.handoff.started"] = "agent.handoff.started"
    previous_agent_id: str
    previous_agent_name: str


class HandoffDone(OutputEvent):
    type: Literal["agent.handoff.done"] = "agent.handoff.done"
    next_agent_id: str
    next_agent_name: str


class Reflection(OutputEvent):
    type: Literal["agent.reflection.delta"] = "agent.reflection.delta"
    note: str


class Failed(Event):
    """The answer broke off on the server's side."""

    type: Literal["conversation.response.error"] = "conversation.response.error"
    message: str
    code: int


AnyEvent = (
    Started
    | Done
    | MessageDelta
    | CallDelta
    | ExecutionStarted
    | ExecutionDelta
    | ExecutionDone
    | HandoffStarted
    | HandoffDone
    | Reflection
    | Failed
)


def to_events(response: ConversationResponse, now: datetime) -> tuple[AnyEvent, ...]:
    """Break an answer into events: texts and arguments come in pieces, to be joined by output_index."""
    outputs = (
        event for index, entry in enumerate(response.outputs) for event in _output_events(entry, index, now)
    )
    return (
        Started(conversation_id=response.conversation_id, created_at=now),
        *outputs,
        Done(usage=response.usage, created_at=now),
    )


def to_sse(event: AnyEvent) -> bytes:
    """Write one server-sent event; its name is the type that its data carries too."""
    return f"event: {event.type}\ndata: {event.model_dump_json()}\n\n".encode()


def _output_events(entry: OutputEntry, index: int, now: datetime) -> tuple[AnyEvent, ...]:
    place = OutputEvent(id=entry.id or "", output_index=index, created_at=now)
    match entry:
        case MessageOutput(content=content):
            chunks = (content,) if isinstance(content, str) else content
            return tuple(
                event for number, chunk in enumerate(chunks) for event in _said(entry, chunk, number, place)
            )
        case FunctionCall(arguments=arguments):
            return tuple(_call_delta(entry, piece, place) for piece in _pieces(str(arguments)))
        case ToolExecution():
            return _execution_events(entry, place)
        case Handoff():
            return (
                HandoffStarted(
                    **dict(place),
                    previous_agent_id=entry.previous_agent_id,
                    previous_agent_name=entry.previous_agent_name,
                ),
                HandoffDone(
                    **dict(place), next_agent_id=entry.next_agent_id, next_agent_name=entry.next_agent_name
                ),
            )
        case ForeignEntry(note=note):
            return (Reflection(**dict(place), note=note),)


def _said(
    entry: MessageOutput, chunk: str | OutputChunk, number: int, place: OutputEvent
) -> tuple[MessageDelta, ...]:
    """Break a text into pieces; any other chunk comes as a whole."""
    text = chunk.text if isinstance(chunk, TextChunk) else chunk
    pieces = _pieces(text) if isinstance(text, str) else (text,)
    return tuple(
        MessageDelta(
            **dict(place), content=piece, content_index=number, model=entry.model, agent_id=entry.agent_id
        )
        for piece in pieces
    )


def _call_delta(entry: FunctionCall, piece: str, place: OutputEvent) -> CallDelta:
    return CallDelta(
        **dict(place),
        name=entry.name,
        tool_call_id=entry.tool_call_id,
        arguments=piece,
        model=entry.model,
        agent_id=entry.agent_id,
        confirmation_status=entry.confirmation_status,
    )


def _execution_events(entry: ToolExecution, place: OutputEvent) -> tuple[AnyEvent, ...]:
    common = {**dict(place), "name": entry.name, "function": entry.function}
    return (
        ExecutionStarted(**common, model=entry.model, agent_id=entry.agent_id),
        *(ExecutionDelta(**common, arguments=piece) for piece in _pieces(entry.arguments)),
        ExecutionDone(**common, info=entry.info),
    )


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(text[start : start + _PIECE] for start in range(0, len(text), _PIECE)) or ("",)
