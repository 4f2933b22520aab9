"""What a run has come to whose workflow does not tell, or never will: its history does."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from temporalio.api.common.v1 import Payload as RawPayload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.service import RPCError

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import (
    AgentIdentity,
    LoopInput,
    LoopResult,
    LoopState,
    RunInput,
    RunOutcome,
    Usage,
    with_part,
)
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.limits import PATH_LIMIT
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import rpc_failure
from agents_operator.temporal.histories import value
from agents_operator.temporal.messages import (
    MODEL_CALLS,
    SUMMARY,
    TOOL_CALLS,
    VERDICTS,
    Answer,
    Verdict,
    words,
)

Step = Literal["CallingModel", "CallingTools"]


@dataclass(frozen=True)
class Summary:
    """What it cost to shorten what was said; no turn of an agent's is it."""

    usage: Usage
    repeated: int


@dataclass(frozen=True)
class _Begun:
    """What the latest execution of a run was given, and when."""

    run: RunInput
    at: datetime


@dataclass(frozen=True)
class Collected:
    """What a run has come to: the state of its loop, in which only `entries` are less than complete."""

    loop: LoopInput
    state: LoopState
    step: Step | None
    """What it did last; None where no worker has taken it up."""
    verdict: Verdict | None = None
    """Why the operator has terminated it, where that was the end."""

    @property
    def progress(self) -> RunProgress | None:
        """What it does, as the workflow would tell it."""
        if self.step is None:
            return None
        state = self.state
        agent = state.agent or self.loop.agent.name
        return RunProgress(step=self.step, agent=agent, turns=state.turns, usage=state.usage, told=state.told)

    def outcome(
        self, reason: Reason, message: str, *, finished_at: datetime, told: tuple[str, ...]
    ) -> RunOutcome:
        """Sum it up as the workflow would have; it was last known to have `told` what people said."""
        loop, state = self.loop, self.state
        agents = (loop.agent, *loop.handoffs)
        return RunOutcome(
            result=LoopResult(
                reason=reason,
                message=message,
                text=state.collected,
                turns=state.turns,
                usage=state.usage,
                conversation_id=state.conversation_id,
                answered_by=state.agent,
                path=state.path,
                agents=state.agents,
                entries=state.entries,
                entries_omitted=state.entries_omitted,
                told=(*state.told, *told),
                repeated_calls=state.repeated_calls,
            ),
            agent_id=loop.agent.remote_id,
            agent_version=loop.agent.remote_version,
            started_at=state.deadline - loop.limits.timeout,
            finished_at=finished_at,
            agents=tuple(
                AgentIdentity(name=each.name, id=each.remote_id, version=each.remote_version)
                for each in agents
            ),
        )


async def collected(client: Client, identity: RunIdentity) -> Collected | None:
    """Return what a run has come to, by the history of its latest execution.

    None when the history cannot be read as a run's. Raises TemporalUnreachableError, and StoreError while
    the store that has its answers is away.
    """
    begun: _Begun | None = None
    answers: list[Answer | Summary] = []
    doing: Step | None = None
    verdict: Verdict | None = None
    try:
        async for step in _steps(client, identity):
            match step:
                case Verdict():
                    verdict = step
                case _Begun():
                    begun = step
                case Answer() | Summary():
                    answers.append(step)
                case "CallingModel" | "CallingTools":
                    doing = step
    except RPCError as error:
        raise rpc_failure(error) from error
    if begun is None:
        return None
    loop = begun.run.loop
    state = begun.run.state or first_state(loop, begun.at)
    return Collected(loop, advanced(loop, state, answers), doing, verdict)


def first_state(loop: LoopInput, began: datetime) -> LoopState:
    """Return where a run begins: with the agent and in the conversation of the one that it continues."""
    state, continues = LoopState(deadline=began + loop.limits.timeout), loop.continues
    if continues is None:
        return state
    conversation = None if continues.fork else continues.conversation_id
    return state.model_copy(update={"agent": continues.agent, "conversation_id": conversation})


async def _steps(
    client: Client, identity: RunIdentity
) -> AsyncIterator[_Begun | Step | Answer | Summary | Verdict]:
    """Go through the history: what the execution was given, its calls, each model call's result, its end."""
    queue: str | None = None
    calls: dict[int, str] = {}
    step: _Begun | Step | Answer | Summary | Verdict | None
    async for event in client.get_workflow_handle(identity.workflow_id).fetch_history_events(
        rpc_timeout=RPC_TIMEOUT
    ):
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
                step = begun = await _begun(client, event)
                queue = None if begun is None else begun.run.loop.agent.provider.queue
            case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
                step = _step_of(event, queue)
                calls[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
            case EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
                done = event.activity_task_completed_event_attributes
                step = await _answer(client, calls.get(done.scheduled_event_id), done.result.payloads)
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
                ended = event.workflow_execution_terminated_event_attributes
                step = await _verdict(client, ended.details.payloads)
            case _:
                continue
        if step is not None:
            yield step


async def _begun(client: Client, event: HistoryEvent) -> _Begun | None:
    given = event.workflow_execution_started_event_attributes.input.payloads
    run = await value(client, given, RunInput)
    return None if run is None else _Begun(run, event.event_time.ToDatetime(tzinfo=UTC))


async def _answer(
    client: Client, activity: str | None, payloads: Sequence[RawPayload]
) -> Answer | Summary | None:
    if activity != SUMMARY and activity not in MODEL_CALLS:
        return None
    answer = await value(client, payloads, Answer)
    if answer is None or activity in MODEL_CALLS:
        return answer
    return Summary(answer.usage, answer.repeated)


async def _verdict(client: Client, payloads: Sequence[RawPayload]) -> Verdict | None:
    """Read why the operator has ended it; whoever may terminate it can write there, but no success."""
    verdict = await value(client, payloads, Verdict)
    return verdict if verdict is not None and verdict.reason in VERDICTS else None


def _step_of(event: HistoryEvent, provider_queue: str | None) -> Step | None:
    scheduled = event.activity_task_scheduled_event_attributes
    if scheduled.activity_type.name in TOOL_CALLS:
        return "CallingTools"
    return "CallingModel" if scheduled.task_queue.name == provider_queue else None


def advanced(loop: LoopInput, state: LoopState, answers: Iterable[Answer | Summary]) -> LoopState:
    """Add to the state that an execution began with what its model calls brought."""
    for answer in answers:
        match answer:
            case Summary(usage=usage, repeated=repeated):
                state = _counted(state, state.agent or loop.agent.name, usage, repeated, turns=0)
            case Answer():
                state = _advanced(loop, state, answer)
    return state


def _advanced(loop: LoopInput, state: LoopState, answer: Answer) -> LoopState:
    message = answer.message
    floor = (message.agent if message else "") or state.agent or loop.agent.name
    path = (*(state.path or (floor,)), *_taken_over(loop, floor, answer))
    parts = (state.collected, _written(answer))
    return _counted(state, floor, answer.usage, answer.repeated, turns=1).model_copy(
        update={
            "collected": "\n\n".join(part for part in parts if part),
            "conversation_id": answer.conversation_id or state.conversation_id,
            "agent": path[-1],
            "path": path[-PATH_LIMIT:],
        }
    )


def _counted(state: LoopState, agent: str, usage: Usage, repeated: int, *, turns: int) -> LoopState:
    return state.model_copy(
        update={
            "turns": state.turns + turns,
            "usage": state.usage + usage,
            "repeated_calls": state.repeated_calls + repeated,
            "agents": with_part(state.agents, agent, usage, turns=turns),
        }
    )


def _taken_over(loop: LoopInput, floor: str, answer: Answer) -> tuple[str, ...]:
    """Name the agents that had the floor after one another, by an answer's handoffs."""
    agents = {each.name: each for each in (loop.agent, *loop.handoffs)}
    if answer.message is None:
        names = {each.remote_id: each.name for each in agents.values()}
        handoffs = (each for each in answer.entries if each.type == "handoff")
        return tuple(names.get(each.next_id) or each.next_name or each.next_id for each in handoffs)
    local = agents[floor].local if floor in agents else None
    targets = {each.tool: each.agent for each in local.handoffs if each.agent in agents} if local else {}
    # In a Local session, only the first one of a turn is made.
    return tuple(targets[call.name] for call in answer.message.calls if call.name in targets)[:1]


def _written(answer: Answer) -> str:
    """Return the words of the agent that has the floor, as the loop itself collects them."""
    if answer.message is not None:
        return words(answer.message.content)
    entries = answer.entries
    handoffs = [position for position, entry in enumerate(entries) if entry.type == "handoff"]
    latest = entries[handoffs[-1] + 1 :] if handoffs else entries
    return "\n\n".join(entry.text for entry in latest if entry.type == "message" and entry.text)
