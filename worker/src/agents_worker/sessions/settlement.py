"""Whether a call whose answer was lost has happened, as the conversation's history tells."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from agents_worker.messages import DECIDED
from agents_worker.sessions.wire import (
    CallOutput,
    HandoffOutput,
    MessageInput,
    MessageOutput,
    ResultInput,
    UnknownOutput,
    WireEntry,
)


@dataclass(frozen=True)
class NotSent:
    """The history has nothing of the call."""


@dataclass(frozen=True)
class Unanswered:
    """The call arrived, and the provider has not finished its answer."""


@dataclass(frozen=True)
class Settled:
    """The call arrived and was answered with these entries."""

    outputs: tuple[WireEntry, ...]


def settle_start(history: tuple[WireEntry, ...]) -> Unanswered | Settled:
    """Read the answer to a start out of the history of the conversation that it made."""
    return _answer(tuple(entry for entry in history if not isinstance(entry, MessageInput)))


def settle_append(
    history: tuple[WireEntry, ...],
    answered: AbstractSet[str],
    denied: AbstractSet[str] = frozenset(),
    *,
    after: str = "",
) -> NotSent | Unanswered | Settled:
    """Read the answer to an append of these calls' results and denials out of the conversation's history.

    `after` is the id of the last entry before it, empty where that is unknown. That a denial changes the
    status of its call there, and that a turn of such calls ends with them, is assumed: Mistral says neither.
    """
    found = _position(history, after)
    known = -1 if found is None else found
    sent = [
        position
        for position, entry in enumerate(history)
        if _is_reaction(entry, answered, denied, is_new=position > known)
    ]
    return _answer(history[max(sent[-1], known) + 1 :]) if sent else NotSent()


def _is_reaction(
    entry: WireEntry, answered: AbstractSet[str], denied: AbstractSet[str], *, is_new: bool
) -> bool:
    match entry:
        case ResultInput(tool_call_id=call):
            return is_new and (call in answered or call in denied)
        case CallOutput(tool_call_id=call, confirmation_status=status):
            return call in denied and status in DECIDED
        case _:
            return False


def settle_messages(
    history: tuple[WireEntry, ...], words: str, *, after: str = ""
) -> NotSent | Unanswered | Settled:
    """Read the answer to an append of messages, the last of them of these words, out of the history.

    Behind the last entry before it, `after`, every message is one of them. Where that is unknown, the last
    message of all has these words, or they never arrived: an entry of ours has no id that we know. White
    space does not count, since providers may change it.
    """
    known = _position(history, after)
    said = [(position, entry) for position, entry in enumerate(history) if isinstance(entry, MessageInput)]
    match said[-1:]:
        case [(position, entry)] if (
            position > known if known is not None else entry.content.split() == words.split()
        ):
            return _answer(history[position + 1 :])
        case _:
            return NotSent()


@dataclass(frozen=True)
class Standing:
    """What a conversation waits for at one of its entries."""

    last_entry: str
    waiting: tuple[CallOutput, ...]
    """The calls that nobody answered, those awaiting a confirmation among them."""
    at_work: bool = False
    """Whether the provider has not finished its answer there."""


def standing(history: tuple[WireEntry, ...], until: str = "") -> Standing:
    """Tell how a conversation stands at an entry, or at its end; also where it has no entry of that id."""
    found = _position(history, until)
    entries = history if found is None else history[: found + 1]
    handoff = max(
        (place for place, entry in enumerate(entries) if isinstance(entry, HandoffOutput)), default=-1
    )
    answered = {entry.tool_call_id for entry in entries if isinstance(entry, ResultInput)}
    calls = (entry for entry in entries[handoff + 1 :] if isinstance(entry, CallOutput))
    return Standing(
        last_entry=entries[-1].id if entries else "",
        waiting=tuple(
            call
            for call in calls
            if call.tool_call_id not in answered and call.confirmation_status not in DECIDED
        ),
        at_work=bool(entries) and isinstance(_answer(entries), Unanswered),
    )


def before(history: tuple[WireEntry, ...], call: CallOutput) -> str:
    """Return the id of the last entry that came before a call; empty where there is none."""
    earlier = history[: history.index(call)]
    return earlier[-1].id if earlier else ""


def _position(history: tuple[WireEntry, ...], entry_id: str) -> int | None:
    places = (place for place, entry in enumerate(history) if entry_id and entry.id == entry_id)
    return next(places, None)


def _answer(outputs: tuple[WireEntry, ...]) -> Unanswered | Settled:
    # A turn ends with a message or with calls for us; after a handoff or a tool of its own the provider is
    # still at work. A kind that we do not know says nothing.
    known = [output for output in outputs if not isinstance(output, UnknownOutput)]
    match known[-1:]:
        case [MessageOutput()]:
            return Settled(outputs)
        case [CallOutput(confirmation_status=status)] if status not in DECIDED:
            return Settled(outputs)
        case _:
            return Unanswered()
