"""Model calls: a turn of the conversation each, never twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from agents_crds.contract.run import ProviderSnapshot
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.activities.beat import beating
from agents_worker.activities.recovery import Watch, conversation_gone, recover_append, recover_start
from agents_worker.activities.room import Room
from agents_worker.messages import (
    APPEND_RESULTS,
    START_CONVERSATION,
    THROTTLED,
    ConversationStart,
    KeyWait,
    ModelAnswer,
    ResultsAppend,
)
from agents_worker.sessions.failures import ProviderFailed
from agents_worker.sessions.providers import Providers
from agents_worker.sessions.verdict import (
    AwaitKey,
    Effort,
    GiveUp,
    Patience,
    Throttle,
    TryAgain,
    Verdict,
    judge,
)


class ModelCalls:
    """The activities of a provider's queue.

    A failure that Temporal may repeat is raised as retryable. One that is final has the run's reason as its
    type, and `THROTTLED` and one with a `KeyWait` leave the waiting to the workflow.
    """

    def __init__(self, providers: Providers, patience: Patience, room: Room) -> None:
        self._providers = providers
        self._patience = patience
        self._room = room

    @activity.defn(name=START_CONVERSATION)
    async def start_conversation(self, start: ConversationStart) -> ModelAnswer:
        """Start the run's conversation, or take up the one that an earlier attempt started."""
        conversations = self._providers.conversations(start.provider)
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
        conversations = self._providers.conversations(append.provider)
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
                    correction=append.correction,
                )
                return await self._kept(answer)

    async def _kept(self, answer: ModelAnswer) -> ModelAnswer:
        return await self._room.kept(answer.model_copy(update={"has_store": self._room.has_store}))

    @contextmanager
    def _judged(self, provider: ProviderSnapshot, *, gone: GiveUp) -> Iterator[None]:
        try:
            yield
        except ProviderFailed as failed:
            info = activity.info()
            effort = Effort(info.attempt, datetime.now(UTC) - info.scheduled_time)
            verdict = judge(failed.failure, effort, self._patience, key_path=provider.key_path, gone=gone)
            # The cause stays out of the workflow's history: it may hold a whole answer of the provider.
            raise self._as_error(verdict) from None

    def _as_error(self, verdict: Verdict) -> ApplicationError:
        match verdict:
            case Throttle(message, retry_after):
                return ApplicationError(
                    message,
                    None if retry_after is None else retry_after.total_seconds(),
                    type=THROTTLED,
                    non_retryable=True,
                    category=ApplicationErrorCategory.BENIGN,
                )
            case AwaitKey(reason, message):
                wait = KeyWait(
                    interval=self._patience.key_interval,
                    window=self._patience.key_window,
                    least_attempts=self._patience.least_attempts,
                )
                return ApplicationError(message, wait, type=reason.value, non_retryable=True)
            case TryAgain(reason, message, delay):
                return ApplicationError(message, type=reason.value, next_retry_delay=delay)
            case GiveUp(reason, message):
                return ApplicationError(message, type=reason.value, non_retryable=True)


def _may_have_been_sent(*, repeated: bool) -> bool:
    return repeated or activity.info().attempt > 1


def _agent_gone(start: ConversationStart) -> GiveUp:
    return GiveUp(
        Reason.PROVIDER_REJECTED,
        f"The provider has no agent {start.agent_id} at version {start.agent_version}: it was changed or "
        "deleted there. The operator puts it right; start a new run when the Agent is Ready",
    )
