"""Finding out what became of a call whose answer was lost, before it is made again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio import activity

from agents_crds.contract.run import FunctionResult
from agents_crds.contract.transcript import InputMessage, TextPart
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import (
    ConversationOpening,
    ConversationRestart,
    ConversationStart,
    ModelAnswer,
    OpenedConversation,
    ResultsAppend,
)
from agents_worker.sessions.settlement import (
    NotSent,
    Settled,
    Standing,
    Unanswered,
    before,
    settle_append,
    settle_messages,
    settle_start,
    standing,
)
from agents_worker.sessions.verdict import GiveUp
from agents_worker.sessions.wire import WireConversation, WireEntry

if TYPE_CHECKING:
    from agents_worker.sessions.remote import RemoteConversations

_LONGEST_PAUSE_SECONDS = 5.0


class Watch:
    """Time to wait for a provider that is still at work, looking ever less often."""

    def __init__(self, patience: timedelta) -> None:
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + patience.total_seconds()
        self._pause = 0.5

    async def wait(self) -> bool:
        """Pause; False, without a pause, when the time is over."""
        left = self._end - self._clock()
        if left <= 0:
            return False
        await asyncio.sleep(min(self._pause, left))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
        return True


async def recover_start(
    conversations: RemoteConversations, start: ConversationStart, watch: Watch
) -> ModelAnswer | None:
    """Return the answer of the conversation that an earlier attempt started; None when there is none.

    One that is never answered is deleted, so that the start which follows is the only one.
    """
    return await _recover_new(conversations, start.metadata, settle_start, watch)


async def recover_restart(
    conversations: RemoteConversations, restart: ConversationRestart, watch: Watch
) -> ModelAnswer | None:
    """Do the same for a conversation that branches off from another one, whose entries it begins with."""

    def settle(history: tuple[WireEntry, ...]) -> NotSent | Unanswered | Settled:
        return _settle(history, restart.results, (), restart.messages, after=restart.from_entry)

    return await _recover_new(conversations, restart.metadata, settle, watch)


async def _recover_new(
    conversations: RemoteConversations,
    metadata: Mapping[str, str],
    settle: Callable[[tuple[WireEntry, ...]], NotSent | Unanswered | Settled],
    watch: Watch,
) -> ModelAnswer | None:
    while found := await conversations.find(metadata):
        answer = await _first_answer(conversations, found, settle)
        if answer is not None:
            return answer
        if not await watch.wait():
            await _discard(conversations, found)
            return None
    return None


async def recover_append(
    conversations: RemoteConversations, append: ResultsAppend, watch: Watch
) -> ModelAnswer | GiveUp | None:
    """Return the answer to what an earlier attempt appended; None when it never arrived."""
    while True:
        history = await conversations.history(append.conversation_id)
        if history is None:
            return conversation_gone(append)
        match _settle(history, append.results, append.denials, append.messages, after=append.after):
            case NotSent():
                return None
            case Settled(outputs):
                return _recovered(conversations, append.conversation_id, outputs)
            case Unanswered():
                if not await watch.wait():
                    return _never_answered(append)


def _settle(
    history: tuple[WireEntry, ...],
    results: tuple[FunctionResult, ...],
    denials: tuple[str, ...],
    messages: tuple[InputMessage, ...],
    *,
    after: str,
) -> NotSent | Unanswered | Settled:
    if results or denials:
        answered = frozenset(result.tool_call_id for result in results)
        return settle_append(history, answered, frozenset(denials), after=after)
    said = messages[-1].content if messages else ()
    return settle_messages(
        history, "".join(part.text for part in said if isinstance(part, TextPart)), after=after
    )


async def open_conversation(
    conversations: RemoteConversations, opening: ConversationOpening, watch: Watch
) -> OpenedConversation | GiveUp:
    """Tell from which entry a conversation goes on, and what it waits for there.

    One that the provider is still at work on, for a run that was cancelled, is waited for.
    """
    while True:
        history = await conversations.history(opening.conversation_id)
        if history is None:
            return _not_found(f"the provider no longer has the conversation {opening.conversation_id}")
        found = standing(history, opening.until)
        if not found.at_work or not await watch.wait():
            break
    if opening.fork:
        found = _branch(history, found)
        if not found.last_entry:
            return _not_found("the provider tells no entry from which it could be branched off")
    return OpenedConversation(
        last_entry=found.last_entry,
        waiting=tuple(call.tool_call_id for call in found.waiting if not call.confirmation_status),
        unconfirmed=tuple(call.tool_call_id for call in found.waiting if call.confirmation_status),
    )


def _branch(history: tuple[WireEntry, ...], found: Standing) -> Standing:
    """Go back to before calls that await a confirmation: a restart takes results, and no denials."""
    if any(call.confirmation_status for call in found.waiting):
        return standing(history, before(history, found.waiting[0]))
    return found


def _not_found(why: str) -> GiveUp:
    return GiveUp(
        Reason.CONVERSATION_NOT_FOUND,
        f"The conversation of spec.continueFrom cannot be gone on with: {why}. Start a new run without it",
    )


def conversation_gone(append: ResultsAppend | ConversationRestart | ConversationOpening) -> GiveUp:
    """Say that the provider no longer has the conversation."""
    message = f"The provider no longer has the conversation {append.conversation_id}: start a new run"
    return GiveUp(Reason.CONVERSATION_LOST, message)


def _never_answered(append: ResultsAppend) -> GiveUp:
    if append.results:
        appended = "the tool results"
    else:
        appended = "that its calls are denied" if append.denials else "what was said to it"
    return GiveUp(
        Reason.CONVERSATION_LOST,
        f"The conversation {append.conversation_id} took in {appended}, but its answer was lost and "
        "the provider did not finish it: start a new run",
    )


async def _first_answer(
    conversations: RemoteConversations,
    found: tuple[WireConversation, ...],
    settle: Callable[[tuple[WireEntry, ...]], NotSent | Unanswered | Settled],
) -> ModelAnswer | None:
    for conversation in found:
        match settle(await conversations.history(conversation.id) or ()):
            case Settled(outputs):
                return _recovered(conversations, conversation.id, outputs)
            case Unanswered() | NotSent():
                continue
    return None


async def _discard(conversations: RemoteConversations, found: tuple[WireConversation, ...]) -> None:
    for conversation in found:
        activity.logger.warning(
            "The conversation %s was never answered: it is deleted and started anew", conversation.id
        )
        await conversations.delete(conversation.id)


def _recovered(
    conversations: RemoteConversations, conversation_id: str, outputs: tuple[WireEntry, ...]
) -> ModelAnswer:
    activity.logger.info("The answer of an earlier attempt was found in the conversation %s", conversation_id)
    return conversations.recovered(conversation_id, outputs)
