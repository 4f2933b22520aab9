"""The run whose conversation another one goes on with."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from agents_crds.contract.run import Continuation
from agents_crds.v1alpha1 import AgentRun, ConditionType, Reason
from agents_crds.v1alpha1.conversation import ContinueFrom
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.runs.input import pause
from agents_operator.runs.plan import Finish
from agents_operator.runs.snapshot import Snapshot
from agents_operator.temporal.places import titled


class Continuations:
    """Finds what runs go on with, and lets one run at a time into a conversation."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        is_started: Callable[[AgentRun], Awaitable[bool]],
        *,
        now: Callable[[], datetime],
    ) -> None:
        """`is_started` tells whether a run has a workflow, though that may not be recorded."""
        self._world = world
        self._api = api
        self._is_started = is_started
        self._now = now
        self._entering: dict[str, str] = {}
        """The runs, by uid, that are being started in a conversation; their status does not tell it yet."""

    async def find(self, run: AgentRun, snapshot: Snapshot) -> Continuation | Finish | None:
        """Say what the run goes on with; None for nothing. Raises Waiting.

        A run that has ended is not watched, so that it is read.
        """
        wanted = run.spec.continue_from
        if wanted is None:
            return None
        earlier = await self._api.get(AGENT_RUNS, run.metadata.namespace, wanted.agent_run_ref.name)
        found = continuation(run, wanted, earlier, snapshot, now=self._now())
        if isinstance(found, Continuation):
            await self._require_free(run, found)
        return found

    @contextmanager
    def entering(self, run: AgentRun, continues: Continuation | None) -> Iterator[None]:
        """Keep others out of the conversation until the start is recorded; nothing may come in between."""
        conversation = entered(continues)
        if conversation is None:
            yield
            return
        self._entering[conversation] = run.metadata.uid
        try:
            yield
        finally:
            self._entering.pop(conversation, None)

    async def _require_free(self, run: AgentRun, found: Continuation) -> None:
        conversation = entered(found)
        if conversation is None:
            return
        others = [other for other in self._world.runs if other.metadata.uid != run.metadata.uid]
        entering = self._entering.get(conversation)
        holder = holding(run, conversation, others, entering=entering) or await self._started(run, others)
        # One that was let in before an operator was killed stays in.
        if holder is not None and not await self._is_started(run):
            raise _waiting(
                run,
                Reason.CONVERSATION_BUSY,
                f"AgentRun {holder.metadata.name} goes on in the same conversation, and comes first; with "
                "spec.continueFrom.fork a run has a branch of its own",
                self._now(),
            )

    async def _started(self, run: AgentRun, others: Iterable[AgentRun]) -> AgentRun | None:
        """Find one among those of the same second that has a workflow, although its start is not recorded."""
        for other in coeval(run, others):
            if await self._is_started(other):
                return other
        return None


def entered(continues: Continuation | None) -> str | None:
    """Return the conversation that a run adds to; a branch is its own, and a transcript is copied."""
    return None if continues is None or continues.fork else continues.conversation_id


def continuation(
    run: AgentRun, wanted: ContinueFrom, earlier: AgentRun | None, snapshot: Snapshot, *, now: datetime
) -> Continuation | Finish:
    """Say what a run goes on with, or why it never can; raise Waiting while that may still change."""
    name = wanted.agent_run_ref.name
    if earlier is None:
        message = (
            f"spec.continueFrom: there is no AgentRun {name}; the run starts when it has come and finished"
        )
        raise _waiting(run, Reason.CONVERSATION_NOT_FOUND, message, now)
    if not earlier.status.finished:
        message = f"spec.continueFrom: AgentRun {name} has not finished"
        raise _waiting(run, Reason.CONVERSATION_BUSY, message, now)
    begins, status = snapshot.agents[0], earlier.status
    if earlier.spec.agent_ref != run.spec.agent_ref:
        return Finish(
            Reason.AGENT_MISMATCH,
            f"spec.continueFrom: AgentRun {name} is of Agent {earlier.spec.agent_ref.name}, and this one of "
            f"{run.spec.agent_ref.name}: only a run of the same Agent goes on with its conversation",
        )
    if status.workflow_id is None or status.agent is None:
        return _without_conversation(name)
    if status.agent.id != begins.remote_id:
        return Finish(
            Reason.AGENT_MISMATCH,
            f"spec.continueFrom: Agent {begins.name} was made anew at its provider since AgentRun {name}, or "
            "has another session: start a new run without it",
        )
    if begins.local is None and status.conversation_id is None:
        return _without_conversation(name)
    if begins.local is not None and status.temporal_connection != snapshot.connection:
        return Finish(
            Reason.CONVERSATION_NOT_FOUND,
            f"spec.continueFrom: AgentRun {name} is kept in {titled(status.temporal_connection)}, where this "
            f"one, which would be in {titled(snapshot.connection)}, cannot read: start a new run without it",
        )
    return Continuation(
        workflow_id=status.workflow_id,
        conversation_id=status.conversation_id,
        agent=status.answered_by or begins.name,
        fork=wanted.fork,
    )


def holding(
    run: AgentRun, conversation: str, others: Iterable[AgentRun], *, entering: str | None
) -> AgentRun | None:
    """Find another run that is in a conversation, or that goes on with the same run and came before.

    Those that wait go in by their age, so that a start which is not recorded yet comes first again.
    """
    for other in others:
        if other.status.finished or other.metadata.namespace != run.metadata.namespace:
            continue
        if other.metadata.uid == entering or other.status.conversation_id == conversation:
            return other
        if _waits_for_the_same(run, other) and _age(other) < _age(run):
            return other
    return None


def coeval(run: AgentRun, others: Iterable[AgentRun]) -> tuple[AgentRun, ...]:
    """Choose those that wait to go on with the same run and came in the same second.

    Their age does not tell which of them another operator has let in.
    """
    created = run.metadata.creation_timestamp
    return tuple(
        other
        for other in others
        if _waits_for_the_same(run, other) and other.metadata.creation_timestamp == created
    )


def _waits_for_the_same(run: AgentRun, other: AgentRun) -> bool:
    return (
        other.metadata.namespace == run.metadata.namespace
        and not other.status.finished
        and other.status.workflow_id is None
        and other.metadata.deletion_timestamp is None
        and other.spec.continue_from is not None
        and other.spec.continue_from == run.spec.continue_from
    )


def _age(run: AgentRun) -> tuple[float, str]:
    created = run.metadata.creation_timestamp
    return 0.0 if created is None else created.timestamp(), run.metadata.uid


def _without_conversation(name: str) -> Finish:
    return Finish(
        Reason.CONVERSATION_NOT_FOUND,
        f"spec.continueFrom: AgentRun {name} ended without a conversation: start a new run without it",
    )


def _waiting(run: AgentRun, reason: Reason, message: str, now: datetime) -> Waiting:
    return Waiting(
        reason,
        message,
        after=pause(run, now=now),
        condition=ConditionType.SUCCEEDED,
        expected=reason is Reason.CONVERSATION_BUSY,
    )
