"""What happened in a run, in order, as far as it can be carried along; the whole of it is in the history."""

from collections.abc import Sequence
from itertools import accumulate

from agents_crds.contract.entries import (
    HandoffEntry,
    MessageEntry,
    OtherEntry,
    RunEntry,
    TextContent,
    ToolCallEntry,
    ToolExecutionEntry,
)
from agents_crds.contract.run import LoopInput, LoopState
from agents_worker.messages import Entry, Execution, FunctionCall, Handoff, Message, Other
from agents_worker.text import ENTRIES_LIMIT, ENTRY_TEXT_LIMIT, clip, size_of
from agents_worker.workflows.floor import floor_of, name_of, taken_over


def recorded(loop: LoopInput, state: LoopState, entries: Sequence[Entry]) -> LoopState:
    """Add what an answer holds; `state` is still the one before it. Results of calls are added later."""
    floor, added = floor_of(loop, state), list[RunEntry]()
    for entry in entries:
        told = _told(loop, floor, entry)
        if told is not None:
            added.append(told)
        if isinstance(entry, Handoff):
            floor = taken_over(loop, entry)
    return _bounded(state, (*state.entries, *added))


def answered(state: LoopState, calls: Sequence[FunctionCall], replies: Sequence[str]) -> LoopState:
    """Add what became of each of the last answer's calls."""
    entries = list(state.entries)
    told = [(call, reply) for call, reply in zip(calls, replies, strict=True) if not call.handoff]
    # No call is later than these, so that they are the last of all, however many earlier ones are left out.
    places = (place for place in reversed(range(len(entries))) if isinstance(entries[place], ToolCallEntry))
    for place, (call, reply) in zip(places, reversed(told), strict=False):
        update = {"result": clip(reply, ENTRY_TEXT_LIMIT), "denied": call.awaits_confirmation}
        entries[place] = entries[place].model_copy(update=update)
    return _bounded(state, entries)


def with_entry(state: LoopState, entry: RunEntry) -> LoopState:
    """Add something that happened."""
    return _bounded(state, (*state.entries, entry))


def _bounded(state: LoopState, entries: Sequence[RunEntry]) -> LoopState:
    sizes = accumulate(size_of(entry) for entry in reversed(entries))
    kept = sum(size <= ENTRIES_LIMIT for size in sizes)
    omitted = len(entries) - kept
    update = {"entries": tuple(entries[omitted:]), "entries_omitted": state.entries_omitted + omitted}
    return state.model_copy(update=update)


def _told(loop: LoopInput, floor: str, entry: Entry) -> RunEntry | None:
    match entry:
        case FunctionCall() if entry.handoff:
            return None  # told as the handoff that it is
        case Handoff(previous_id=previous):
            agent = name_of(loop, previous, otherwise=entry.previous_name or floor) if previous else floor
            return HandoffEntry(agent=agent, to=taken_over(loop, entry))
        case Message() | FunctionCall() | Execution() | Other():
            return _done(entry, name_of(loop, entry.agent_id, otherwise=floor) if entry.agent_id else floor)


def _done(entry: Message | FunctionCall | Execution | Other, agent: str) -> RunEntry | None:
    match entry:
        case Message(text="", content=()):
            return None
        case Message(text=text, content=content):
            words = TextContent(text=clip(text, ENTRY_TEXT_LIMIT))
            return MessageEntry(agent=agent, content=content or (words,))
        case FunctionCall(name=name, arguments=arguments, confirmation=said) if entry.is_decided:
            # The provider goes on with it by itself.
            told = clip(arguments, ENTRY_TEXT_LIMIT)
            return ToolExecutionEntry(agent=agent, name=name, arguments=told, info={"confirmation": said})
        case FunctionCall(name=name, arguments=arguments):
            told = clip(arguments, ENTRY_TEXT_LIMIT)
            return ToolCallEntry(agent=agent, name=name, arguments=told, result="")
        case Execution(name=name, arguments=arguments, info=info):
            told = clip(arguments, ENTRY_TEXT_LIMIT)
            return ToolExecutionEntry(agent=agent, name=name, arguments=told, info=info)
        case Other(kind=kind):
            return OtherEntry(agent=agent, kind=kind)
