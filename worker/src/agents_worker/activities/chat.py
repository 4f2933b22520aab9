"""Model calls of a Local session: each may be made again when its answer was lost, and is counted then."""

import asyncio
import secrets
import string

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents_crds.contract.run import ProviderSnapshot
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.activities.beat import beating
from agents_worker.activities.judging import as_error, judged
from agents_worker.activities.room import Room
from agents_worker.chat_messages import COMPLETE_CHAT, SUMMARIZE, ChatAnswer, ChatRequest, SummaryRequest
from agents_worker.sessions.chat import is_too_long
from agents_worker.sessions.chat_answers import answer_of, useless
from agents_worker.sessions.failures import Answered, Failure, KeyMissing, ProviderFailed, Unreachable
from agents_worker.sessions.providers import Providers
from agents_worker.sessions.verdict import GiveUp, Patience

# As Mistral wants them.
_ID_LENGTH = 9
_ID_LETTERS = string.ascii_letters + string.digits


class ChatCalls:
    """The activities of a provider's queue for Local sessions; they fail as `judging` says.

    A failure of the type ContextExceeded is a call that is longer than the model takes. How many attempts
    were sent and never answered is kept in the heartbeats: nobody else learns it of a worker that died.
    """

    def __init__(self, providers: Providers, patience: Patience, room: Room) -> None:
        self._providers = providers
        self._patience = patience
        self._room = room

    @activity.defn(name=COMPLETE_CHAT)
    async def complete_chat(self, request: ChatRequest) -> ChatAnswer:
        """Return the model's next message."""
        return await self._complete(request)

    @activity.defn(name=SUMMARIZE)
    async def summarize(self, request: SummaryRequest) -> ChatAnswer:
        """Return a summary; a call like others, but told apart in the history."""
        return await self._complete(request)

    async def _complete(self, request: ChatRequest) -> ChatAnswer:
        lost = _lost_before()
        async with beating():
            activity.heartbeat(lost + 1)
            try:
                chat = await self._providers.chat(request.provider).complete(request)
            except ProviderFailed as failed:
                if _is_over(failed.failure):
                    activity.heartbeat(lost)
                    await asyncio.sleep(0)  # until it is on its way
                # The cause stays out of the workflow's history: it may hold a whole answer of the provider.
                raise self._as_error(failed.failure, request, lost) from None
            nothing = useless(chat)
            if nothing is not None:
                raise as_error(nothing, self._patience, lost)
            answer = answer_of(request, chat, limit=self._room.for_answer, new_id=_new_id)
            update = {"repeated": lost, "has_store": self._room.has_store}
            return await self._room.kept(answer.model_copy(update=update))

    def _as_error(self, failure: Failure, request: ChatRequest, repeated: int) -> ApplicationError:
        match failure:
            case Answered(message=message) if is_too_long(failure):
                return as_error(GiveUp(Reason.CONTEXT_EXCEEDED, message), self._patience, repeated)
            case _:
                gone = _not_there(failure.message, request.agent.model, request.provider)
                verdict = judged(failure, request.provider, self._patience, gone=gone)
                return as_error(verdict, self._patience, repeated)


def _lost_before() -> int:
    match activity.info().heartbeat_details:
        case [int() as lost, *_]:
            return lost
        case _:
            return 0


def _is_over(failure: Failure) -> bool:
    """Tell whether nothing was sent, or an answer came that says that it had no effect."""
    match failure:
        case KeyMissing():
            return True
        case Unreachable(sent=sent):
            return not sent
        case Answered(status=status):
            return status >= 300


def _not_there(said: str, model: str, provider: ProviderSnapshot) -> GiveUp:
    return GiveUp(
        Reason.MODEL_NOT_FOUND,
        f"The provider answered 404: {said}. It has no model {model}, or no chat completions at "
        f"{provider.url}: correct spec.model of the Agent, or name a ModelProvider with the right spec.url",
    )


def _new_id() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))
