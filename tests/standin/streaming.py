"""An answer as the events that a streaming request receives."""

from datetime import datetime
from typing import Literal

from tests.standin.base import Frozen
from tests.standin.conversations import ConversationResponse
from tests.standin.entries import (
    ForeignEntry,
    FunctionCall,
    Handoff,
    MessageOutput,
    OutputEntry,
    ToolExecution,
    Usage,
    content_text,
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
    content: str
    content_index: int = 0
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


AnyEvent = Started | Done | MessageDelta | CallDelta | HandoffStarted | HandoffDone | Reflection


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
    match entry:
        case MessageOutput(content=content):
            return tuple(_message_delta(entry, piece, index, now) for piece in _pieces(content_text(content)))
        case FunctionCall(arguments=arguments):
            return tuple(_call_delta(entry, piece, index, now) for piece in _pieces(str(arguments)))
        case Handoff():
            return (
                HandoffStarted(
                    id=entry.id or "",
                    output_index=index,
                    created_at=now,
                    previous_agent_id=entry.previous_agent_id,
                    previous_agent_name=entry.previous_agent_name,
                ),
                HandoffDone(
                    id=entry.id or "",
                    output_index=index,
                    created_at=now,
                    next_agent_id=entry.next_agent_id,
                    next_agent_name=entry.next_agent_name,
                ),
            )
        case ForeignEntry(note=note):
            return (Reflection(id=entry.id or "", output_index=index, created_at=now, note=note),)
        case ToolExecution():
            return ()


def _message_delta(entry: MessageOutput, piece: str, index: int, now: datetime) -> MessageDelta:
    return MessageDelta(
        id=entry.id or "",
        output_index=index,
        created_at=now,
        content=piece,
        model=entry.model,
        agent_id=entry.agent_id,
    )


def _call_delta(entry: FunctionCall, piece: str, index: int, now: datetime) -> CallDelta:
    return CallDelta(
        id=entry.id or "",
        output_index=index,
        created_at=now,
        name=entry.name,
        tool_call_id=entry.tool_call_id,
        arguments=piece,
        model=entry.model,
        agent_id=entry.agent_id,
    )


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(text[start : start + _PIECE] for start in range(0, len(text), _PIECE)) or ("",)
