"""Conversations and the rules on what may be appended to them, as pure values."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from tests.standin.base import Frozen
from tests.standin.entries import (
    AnyEntry,
    FunctionCall,
    FunctionResult,
    Handoff,
    InputEntry,
    Inputs,
    MessageInput,
    MessageOutput,
    OutputEntry,
    Usage,
)
from tests.standin.errors import ApiError, invalid_request, not_found
from tests.standin.requests import Metadata, ToolConfirmation
from tests.standin.tools import CompletionArgs, Guardrail, Tool


class Speaker(Frozen):
    """Who answers: an agent at a version, or a bare model. A handoff changes it."""

    agent_id: str | None = None
    agent_version: int | str | None = None
    model: str | None = None


class Overrides(Frozen):
    """What a conversation was started with; it takes the place of the entry agent's own."""

    instructions: str | None = None
    tools: tuple[Tool, ...] | None = None
    completion_args: CompletionArgs | None = None
    guardrails: tuple[Guardrail, ...] | None = None


class Conversation(Frozen):
    """A conversation with all its entries; `speaker` is who answers next."""

    id: str
    created_at: datetime
    updated_at: datetime
    opened_with: Speaker
    speaker: Speaker
    name: str | None = None
    description: str | None = None
    metadata: Metadata | None = None
    overrides: Overrides = Overrides()
    entries: tuple[AnyEntry, ...] = ()
    openings: tuple[str, ...] = Field(default=(), description="ids of the entries that open a model's turn")


class AgentConversationView(Frozen):
    id: str
    object: Literal["conversation"] = "conversation"
    created_at: datetime
    updated_at: datetime
    name: str | None
    description: str | None
    metadata: Metadata | None
    agent_id: str
    agent_version: int | str | None


class ModelConversationView(Frozen):
    id: str
    object: Literal["conversation"] = "conversation"
    created_at: datetime
    updated_at: datetime
    name: str | None
    description: str | None
    metadata: Metadata | None
    model: str
    instructions: str | None
    tools: tuple[Tool, ...]
    completion_args: CompletionArgs
    guardrails: tuple[Guardrail, ...] | None


ConversationView = AgentConversationView | ModelConversationView


class ConversationResponse(Frozen):
    conversation_id: str
    object: Literal["conversation.response"] = "conversation.response"
    outputs: tuple[OutputEntry, ...]
    usage: Usage


class History(Frozen):
    conversation_id: str
    object: Literal["conversation.history"] = "conversation.history"
    entries: tuple[AnyEntry, ...]


class Messages(Frozen):
    conversation_id: str
    object: Literal["conversation.messages"] = "conversation.messages"
    messages: tuple[MessageInput | MessageOutput, ...] = Field(default=())


def view(conversation: Conversation) -> ConversationView:
    """Show a conversation without its entries."""
    opened = conversation.opened_with
    common = {name: value for name, value in conversation if name in AgentConversationView.model_fields}
    if opened.agent_id is not None:
        return AgentConversationView(**common, agent_id=opened.agent_id, agent_version=opened.agent_version)
    return ModelConversationView(
        **common,
        model=opened.model or "",
        instructions=conversation.overrides.instructions,
        tools=conversation.overrides.tools or (),
        completion_args=conversation.overrides.completion_args or CompletionArgs(),
        guardrails=conversation.overrides.guardrails,
    )


def history(conversation: Conversation) -> History:
    """Show every entry."""
    return History(conversation_id=conversation.id, entries=conversation.entries)


def messages(conversation: Conversation) -> Messages:
    """Show only what was said."""
    said = (entry for entry in conversation.entries if isinstance(entry, MessageInput | MessageOutput))
    return Messages(conversation_id=conversation.id, messages=tuple(said))


def cut_after(conversation: Conversation, entry_id: str) -> tuple[AnyEntry, ...]:
    """Keep the entries up to and including `entry_id`. Refuses with 404."""
    ids = [entry.id for entry in conversation.entries]
    if entry_id not in ids:
        raise not_found("Entry", entry_id)
    return conversation.entries[: ids.index(entry_id) + 1]


def as_entries(inputs: Inputs) -> tuple[InputEntry, ...]:
    """Read a bare string as a user's message."""
    if isinstance(inputs, str):
        return (MessageInput(role="user", content=inputs),)
    return inputs


def waiting_calls(entries: tuple[AnyEntry, ...]) -> tuple[FunctionCall, ...]:
    """List the calls that wait for a result or a confirmation.

    A handoff is a hard boundary: calls before the last one are never answered
    (as the SDK's own run loop treats them).
    """
    last_handoff = max((i for i, entry in enumerate(entries) if isinstance(entry, Handoff)), default=-1)
    after = entries[last_handoff + 1 :]
    answered = {entry.tool_call_id for entry in after if isinstance(entry, FunctionResult)}
    calls = (entry for entry in after if isinstance(entry, FunctionCall))
    return tuple(
        call
        for call in calls
        if call.tool_call_id not in answered and call.confirmation_status in {None, "pending"}
    )


def refusal(
    entries: tuple[AnyEntry, ...],
    inputs: tuple[InputEntry, ...],
    confirmations: tuple[ToolConfirmation, ...] = (),
) -> ApiError | None:
    """Tell why `inputs` may not follow `entries`: every waiting call must be answered, once, and no other.

    What waits for a confirmation takes no result, and what waits for a result no confirmation.
    """
    waiting = (*waiting_calls(entries), *(entry for entry in inputs if isinstance(entry, FunctionCall)))
    to_confirm = {call.tool_call_id for call in waiting if call.confirmation_status == "pending"}
    to_answer = {call.tool_call_id for call in waiting} - to_confirm
    results = tuple(entry.tool_call_id for entry in inputs if isinstance(entry, FunctionResult))
    decided = tuple(confirmation.tool_call_id for confirmation in confirmations)
    unexpected = _unexpected(results, to_answer, "results") or _unexpected(
        decided, to_confirm, "confirmations"
    )
    if unexpected is not None:
        return unexpected
    missing = sorted((to_answer | to_confirm).difference(results, decided))
    if missing:
        return invalid_request(f"Function call results are still missing for {', '.join(missing)}")
    return None


def _unexpected(ids: tuple[str, ...], expected: set[str], what: str) -> ApiError | None:
    """Refuse an id that nobody waits for, or one that comes twice."""
    left = set(expected)
    for call_id in ids:
        if call_id not in left:
            return invalid_request(f"Unexpected tool call id {call_id} in tool {what}")
        left.remove(call_id)
    return None


def confirmed(
    entries: tuple[AnyEntry, ...], confirmations: tuple[ToolConfirmation, ...]
) -> tuple[AnyEntry, ...]:
    """Write decisions into the calls that waited for them."""
    status = {each.tool_call_id: _STATUS[each.confirmation] for each in confirmations}
    return tuple(
        entry.model_copy(update={"confirmation_status": status[entry.tool_call_id]})
        if isinstance(entry, FunctionCall) and entry.tool_call_id in status
        else entry
        for entry in entries
    )


def allowed_calls(
    entries: tuple[AnyEntry, ...], confirmations: tuple[ToolConfirmation, ...]
) -> tuple[FunctionCall, ...]:
    """List the calls that the confirmations allow, in their order."""
    allowed = {each.tool_call_id for each in confirmations if each.confirmation == "allow"}
    return tuple(call for call in waiting_calls(entries) if call.tool_call_id in allowed)


_STATUS = {"allow": "allowed", "deny": "denied"}
