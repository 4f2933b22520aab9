"""Finding out what became of a call whose answer was lost, before it is made again."""

import asyncio
from datetime import timedelta

from temporalio import activity

from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import ConversationStart, ModelAnswer, ResultsAppend
from agents_worker.sessions.remote import RemoteConversations
from agents_worker.sessions.settlement import (
    NotSent,
    Settled,
    Unanswered,
    settle_append,
    settle_correction,
    settle_start,
)
from agents_worker.sessions.verdict import GiveUp
from agents_worker.sessions.wire import WireConversation, WireEntry

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
    while found := await conversations.find(start.metadata):
        answer = await _first_answer(conversations, found)
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
        match _settle(append, history):
            case NotSent():
                return None
            case Settled(outputs):
                return _recovered(conversations, append.conversation_id, outputs)
            case Unanswered():
                if not await watch.wait():
                    return _never_answered(append)


def _settle(append: ResultsAppend, history: tuple[WireEntry, ...]) -> NotSent | Unanswered | Settled:
    if append.correction is not None:
        return settle_correction(history, append.correction)
    answered = frozenset(result.tool_call_id for result in append.results)
    return settle_append(history, answered, frozenset(append.denials), after=append.after)


def conversation_gone(append: ResultsAppend) -> GiveUp:
    """Say that the provider no longer has the conversation."""
    message = f"The provider no longer has the conversation {append.conversation_id}: start a new run"
    return GiveUp(Reason.CONVERSATION_LOST, message)


def _never_answered(append: ResultsAppend) -> GiveUp:
    if append.correction is not None:
        appended = "what is wrong with its last answer"
    else:
        appended = "the tool results" if append.results else "that its calls are denied"
    return GiveUp(
        Reason.CONVERSATION_LOST,
        f"The conversation {append.conversation_id} took in {appended}, but its answer was lost and "
        "the provider did not finish it: start a new run",
    )


async def _first_answer(
    conversations: RemoteConversations, found: tuple[WireConversation, ...]
) -> ModelAnswer | None:
    for conversation in found:
        history = await conversations.history(conversation.id)
        match settle_start(history or ()):
            case Settled(outputs):
                return _recovered(conversations, conversation.id, outputs)
            case Unanswered():
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
