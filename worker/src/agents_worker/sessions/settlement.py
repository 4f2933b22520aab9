"""Whether a call whose answer was lost has happened, as the conversation's history tells."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from agents_worker.messages import DECIDED
from agents_worker.sessions.wire import (
    CallOutput,
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
    known = max(
        (position for position, entry in enumerate(history) if after and entry.id == after), default=-1
    )
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


def settle_correction(history: tuple[WireEntry, ...], correction: str) -> NotSent | Unanswered | Settled:
    """Read the answer to an append of a correction out of the conversation's history.

    The last message to the agent is the correction, or it never arrived: an entry of ours has no id that we
    know. White space does not count, since providers may change it.
    """
    said = [(position, entry) for position, entry in enumerate(history) if isinstance(entry, MessageInput)]
    match said[-1:]:
        case [(position, entry)] if entry.content.split() == correction.split():
            return _answer(history[position + 1 :])
        case _:
            return NotSent()


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
