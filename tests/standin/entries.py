"""The entries of a conversation: what goes in and what comes out."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Discriminator, Field, JsonValue, Tag

from tests.standin.base import Frozen
from tests.standin.chunks import InputContent, OutputContent


class Entry(Frozen):
    object: Literal["entry"] = "entry"
    id: str | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None


class MessageInput(Entry):
    type: Literal["message.input"] = "message.input"
    role: Literal["user", "assistant"]
    content: InputContent
    prefix: bool = False


class FunctionResult(Entry):
    type: Literal["function.result"] = "function.result"
    tool_call_id: str
    result: str


class MessageOutput(Entry):
    type: Literal["message.output"] = "message.output"
    role: Literal["assistant"] = "assistant"
    content: OutputContent
    agent_id: str | None = None
    model: str | None = None


class FunctionCall(Entry):
    type: Literal["function.call"] = "function.call"
    tool_call_id: str
    name: str
    arguments: str | dict[str, JsonValue]
    agent_id: str | None = None
    model: str | None = None
    confirmation_status: Literal["pending", "allowed", "denied"] | None = None


class ToolExecution(Entry):
    """A tool that the server ran: `name` is the tool or connector, `function` what of it was called."""

    type: Literal["tool.execution"] = "tool.execution"
    name: str
    arguments: str
    function: str | None = None
    agent_id: str | None = None
    model: str | None = None
    info: dict[str, JsonValue] = Field(default_factory=dict)


class Handoff(Entry):
    type: Literal["agent.handoff"] = "agent.handoff"
    previous_agent_id: str
    previous_agent_name: str
    next_agent_id: str
    next_agent_name: str


class ForeignEntry(Entry):
    """An entry type that no SDK knows: only a fault makes one."""

    type: Literal["agent.reflection"] = "agent.reflection"
    note: str


def _entry_type(value: JsonValue | Entry) -> str | None:
    """Name the entry's type; a bare `{"role", "content"}` is an input message, as the API's examples show."""
    match value:
        case Entry():
            return str(getattr(value, "type", ""))
        case {"type": str(name)}:
            return name
        case {"role": _}:
            return "message.input"
        case {"result": _}:
            return "function.result"
        case _:
            return None


InputEntry = Annotated[
    Annotated[MessageInput, Tag("message.input")]
    | Annotated[FunctionResult, Tag("function.result")]
    | Annotated[MessageOutput, Tag("message.output")]
    | Annotated[FunctionCall, Tag("function.call")]
    | Annotated[ToolExecution, Tag("tool.execution")]
    | Annotated[Handoff, Tag("agent.handoff")],
    Discriminator(_entry_type),
]
OutputEntry = MessageOutput | FunctionCall | ToolExecution | Handoff | ForeignEntry
AnyEntry = Annotated[
    MessageInput | FunctionResult | MessageOutput | FunctionCall | ToolExecution | Handoff | ForeignEntry,
    Field(discriminator="type"),
]
Inputs = str | tuple[InputEntry, ...]


class Usage(Frozen):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    connector_tokens: int | None = None
    connectors: dict[str, int] | None = None
