"""Model calls: a turn of the conversation each, never twice."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents_crds.contract.run import ProviderSnapshot
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.activities.beat import beating
from agents_worker.activities.judging import as_error, judged
from agents_worker.activities.recovery import (
    Watch,
    conversation_gone,
    open_conversation,
    recover_append,
    recover_restart,
    recover_start,
)
from agents_worker.activities.room import Room
from agents_worker.messages import (
    APPEND_RESULTS,
    OPEN_CONVERSATION,
    RESTART_CONVERSATION,
    START_CONVERSATION,
    ConversationOpening,
    ConversationRestart,
    ConversationStart,
    ModelAnswer,
    OpenedConversation,
    ResultsAppend,
)
from agents_worker.sessions.failures import ProviderFailed
from agents_worker.sessions.providers import Providers
from agents_worker.sessions.verdict import GiveUp, Patience, Verdict


class ModelCalls:
    """The activities of a provider's queue; they fail as `judging` says."""

    def __init__(self, providers: Providers, patience: Patience, room: Room) -> None:
        self._providers = providers
        self._patience = patience
        self._room = room

    @activity.defn(name=START_CONVERSATION)
    async def start_conversation(self, start: ConversationStart) -> ModelAnswer:
        """Start the run's conversation, or take up the one that an earlier attempt started."""
        conversations = await self._providers.conversations(start.provider)
        async with beating():
            with self._judged(start.provider, gone=_agent_gone(start)):
                if _may_have_been_sent(repeated=start.repeated):
                    answer = await recover_start(conversations, start, Watch(self._patience.settle))
                    if answer is not None:
                        return await self._kept(answer)
                return await self._kept(await conversations.start(start))

    @activity.defn(name=APPEND_RESULTS)
    async def append_results(self, append: ResultsAppend) -> ModelAnswer:
        """Append what the agent waits for, unless an earlier attempt did, and return its answer."""
        conversations = await self._providers.conversations(append.provider)
        async with beating():
            with self._judged(append.provider, gone=conversation_gone(append)):
                if _may_have_been_sent(repeated=append.repeated):
                    match await recover_append(conversations, append, Watch(self._patience.settle)):
                        case ModelAnswer() as answer:
                            return await self._kept(answer)
                        case GiveUp() as lost:
                            raise self._as_error(lost)
                        case None:
                            pass
                answer = await conversations.append(
                    append.conversation_id,
                    append.results,
                    denials=append.denials,
                    messages=append.messages,
                )
                return await self._kept(answer)

    @activity.defn(name=RESTART_CONVERSATION)
    async def restart_conversation(self, restart: ConversationRestart) -> ModelAnswer:
        """Branch off from a conversation, or take up the branch that an earlier attempt made."""
        conversations = await self._providers.conversations(restart.provider)
        async with beating():
            with self._judged(restart.provider, gone=conversation_gone(restart)):
                if _may_have_been_sent(repeated=restart.repeated):
                    answer = await recover_restart(conversations, restart, Watch(self._patience.settle))
                    if answer is not None:
                        return await self._kept(answer)
                return await self._kept(await conversations.restart(restart))

    @activity.defn(name=OPEN_CONVERSATION)
    async def open_conversation(self, opening: ConversationOpening) -> OpenedConversation:
        """Find the conversation that a run goes on with; its failure is final when it is gone."""
        conversations = await self._providers.conversations(opening.provider)
        async with beating():
            with self._judged(opening.provider, gone=conversation_gone(opening)):
                match await open_conversation(conversations, opening, Watch(self._patience.settle)):
                    case OpenedConversation() as opened:
                        return opened
                    case GiveUp() as gone:
                        raise self._as_error(gone)

    async def _kept(self, answer: ModelAnswer) -> ModelAnswer:
        return await self._room.kept(answer.model_copy(update={"has_store": self._room.has_store}))

    @contextmanager
    def _judged(self, provider: ProviderSnapshot, *, gone: GiveUp) -> Iterator[None]:
        try:
            yield
        except ProviderFailed as failed:
            # The cause stays out of the workflow's history: it may hold a whole answer of the provider.
            raise self._as_error(judged(failed.failure, provider, self._patience, gone=gone)) from None

    def _as_error(self, verdict: Verdict) -> ApplicationError:
        return as_error(verdict, self._patience)


def _may_have_been_sent(*, repeated: bool) -> bool:
    return repeated or activity.info().attempt > 1


def _agent_gone(start: ConversationStart) -> GiveUp:
    return GiveUp(
        Reason.PROVIDER_REJECTED,
        f"The provider has no agent {start.agent_id} at version {start.agent_version}: it was changed or "
        "deleted there. The operator puts it right; start a new run when the Agent is Ready",
    )
