"""What a conversation says about the task at hand: the request, what was called, who had it. Pure."""

import re
from collections.abc import Set as AbstractSet
from itertools import takewhile

from pydantic import JsonValue

from tests.standin.base import Frozen
from tests.standin.chunks import Finding, content_text, image_urls
from tests.standin.entries import (
    AnyEntry,
    ForeignEntry,
    FunctionCall,
    FunctionResult,
    Handoff,
    MessageInput,
    MessageOutput,
    ToolExecution,
)
from tests.standin.executions import findings_of, result_of

_FORM = re.compile(r"\bJSON schema\b", re.IGNORECASE)


class Answered(Frozen):
    """A call of the current task with what came of it; a denied one has no result."""

    name: str
    arguments: str | dict[str, JsonValue]
    result: str = ""
    findings: tuple[Finding, ...] = ()
    denied: bool = False


def current_task(entries: tuple[AnyEntry, ...]) -> tuple[AnyEntry, ...]:
    """Cut a conversation to what follows the caller's last request, this included.

    A message about the form of an answer is no request of its own: the task is still the one of that answer.
    """
    start = max((i for i, entry in enumerate(entries) if isinstance(entry, MessageInput)), default=0)
    while start > 0 and isinstance(entries[start - 1], MessageInput):
        start -= 1
    if start > 0 and _is_about_form(entries[start]):
        return (*current_task(entries[:start]), *entries[start:])
    return entries[start:]


def _is_about_form(entry: AnyEntry) -> bool:
    return isinstance(entry, MessageInput) and bool(_FORM.search(content_text(entry.content)))


def request_text(task: tuple[AnyEntry, ...]) -> str:
    """Join what the caller asks for; what comes before an assistant's message was asked earlier."""
    asked = _messages(task)
    replies = [i for i, message in enumerate(asked[:-1]) if message.role == "assistant"]
    return "\n".join(content_text(message.content) for message in asked[max(replies, default=-1) + 1 :])


def images_of(task: tuple[AnyEntry, ...]) -> tuple[str, ...]:
    """List the addresses of all images that the caller shows."""
    return tuple(url for message in _messages(task) for url in image_urls(message.content))


def answered_calls(task: tuple[AnyEntry, ...]) -> tuple[Answered, ...]:
    """List the task's calls that have come to something, in their order."""
    results = {entry.tool_call_id: entry.result for entry in task if isinstance(entry, FunctionResult)}
    found = (_answered(entry, results) for entry in task)
    return tuple(answered for answered in found if answered is not None)


def turns_taken(task: tuple[AnyEntry, ...], agent_id: str | None, openings: AbstractSet[str]) -> int:
    """Count the turns that an agent took in a task; `openings` are the ids of the entries that open one."""
    return sum(entry.id in openings and speaker_id(entry) == agent_id for entry in task)


def agents_of(task: tuple[AnyEntry, ...]) -> tuple[tuple[str, str], ...]:
    """List id and name of the agents that had the task."""
    handoffs = [entry for entry in task if isinstance(entry, Handoff)]
    before = ((entry.previous_agent_id, entry.previous_agent_name) for entry in handoffs)
    after = ((entry.next_agent_id, entry.next_agent_name) for entry in handoffs)
    return tuple(dict.fromkeys((*before, *after)))


def speaker_id(entry: AnyEntry) -> str | None:
    """Tell which agent an entry is of; None for the caller's entries and a bare model's."""
    match entry:
        case MessageOutput() | FunctionCall() | ToolExecution():
            return entry.agent_id
        case Handoff(previous_agent_id=agent_id):
            return agent_id
        case MessageInput() | FunctionResult() | ForeignEntry():
            return None


def _messages(task: tuple[AnyEntry, ...]) -> tuple[MessageInput, ...]:
    asked = takewhile(lambda entry: isinstance(entry, MessageInput), task)
    return tuple(entry for entry in asked if isinstance(entry, MessageInput))


def _answered(entry: AnyEntry, results: dict[str, str]) -> Answered | None:
    match entry:
        case FunctionCall(tool_call_id=call_id, name=name, arguments=arguments) if call_id in results:
            return Answered(name=name, arguments=arguments, result=results[call_id])
        case FunctionCall(confirmation_status="denied", name=name, arguments=arguments):
            return Answered(name=name, arguments=arguments, denied=True)
        case ToolExecution(name=tool, function=function, arguments=arguments):
            return Answered(
                name=function or tool,
                arguments=arguments,
                result=result_of(entry),
                findings=findings_of(entry),
            )
        case _:
            return None
