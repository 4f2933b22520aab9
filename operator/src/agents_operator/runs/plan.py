"""What is to be done about an AgentRun; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from agents_crds.contract import CONTRACT, SECOND_CONTRACT
from agents_crds.contract.names import (
    INSTALLATION_KEY,
    NAME_KEY,
    NAMESPACE_KEY,
    RETENTION_KEY,
    UID_KEY,
    RunIdentity,
    operator_queue,
)
from agents_crds.contract.run import (
    AgentIdentity,
    Continuation,
    Limits,
    LoopInput,
    RunInput,
    RunMemo,
    RunReference,
)
from agents_crds.v1alpha1 import Agent, AgentRun, ConditionType, Reason
from agents_crds.v1alpha1.agentrun import RunLimits
from agents_crds.v1alpha1.conversation import UserInput
from agents_crds.v1alpha1.meta import NEVER
from agents_operator.engine.conditions import find
from agents_operator.engine.world import World
from agents_operator.runs.input import Opening
from agents_operator.runs.snapshot import Snapshot, take_snapshot, waiting
from agents_operator.runs.traces import traceparent

Shutdown = Literal["Stop", "Cancel", "Terminate"]

LARGEST_LOOP = 1_000_000
"""Bytes of a LoopInput as JSON: Temporal refuses twice as much, and keeps it in the history."""

SHUTDOWN_REASONS: dict[Shutdown, Reason] = {
    "Stop": Reason.STOPPED,
    "Cancel": Reason.CANCELLED,
    "Terminate": Reason.TERMINATED,
}
"""Why a run has ended that was shut down."""


@dataclass(frozen=True)
class Keep:
    """Nothing: the run was started, or has ended."""


@dataclass(frozen=True)
class Cancel:
    """Stop the workflow: the run is being deleted."""


@dataclass(frozen=True)
class Start:
    """Start the workflow, and record that it was started."""

    snapshot: Snapshot


@dataclass(frozen=True)
class Finish:
    """End a run that cannot, or shall not, start; a workflow that was started nevertheless goes on."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Say:
    """Send the workflow what people said to the agent, and record that it was sent."""

    inputs: tuple[UserInput, ...]


@dataclass(frozen=True)
class ShutDown:
    """End the workflow early, in this way."""

    shutdown: Shutdown


@dataclass(frozen=True)
class NewWorkflow:
    """The workflow of a run, as it is started."""

    identity: RunIdentity
    queue: str
    run_input: RunInput
    memo: RunMemo
    plain: bool
    """Whether its workers, of contract 1, read only plain payloads."""
    connection: str | None
    """The TemporalConnection that leads to where it is started; None: the operator's own Temporal."""


def plan_run(
    run: AgentRun, world: World, *, installation: str, now: datetime
) -> Keep | Cancel | Start | Finish | Say | ShutDown:
    """Choose what brings the run forward; raise Waiting while something that it needs is missing."""
    if run.status.finished:
        return Keep()
    if run.metadata.deletion_timestamp is not None:
        return Cancel()
    if run.status.workflow_id is not None:
        # A recorded start is never started again, whatever became of it.
        return _attend(run)
    if run.spec.shutdown is not None:
        return Finish(SHUTDOWN_REASONS[run.spec.shutdown], "spec.shutdown was set before the run was started")
    left = time_to_start(run, now=now)
    if left is not None and left <= timedelta():
        return Finish(Reason.STARTING_DEADLINE_EXCEEDED, _missed(run))
    return Start(take_snapshot(run, world, installation=installation))


def time_to_start(run: AgentRun, *, now: datetime) -> timedelta | None:
    """Return how long the run may still wait for its start; None when nothing limits that, or it is over."""
    created, seconds = run.metadata.creation_timestamp, run.spec.starting_deadline_seconds
    if created is None or seconds is None or run.status.workflow_id is not None or run.status.finished:
        return None
    return created + timedelta(seconds=seconds) - now


def _missed(run: AgentRun) -> str:
    missed = f"not started within the {run.spec.starting_deadline_seconds} s of spec.startingDeadlineSeconds"
    waits = find(run.status.conditions, ConditionType.SUCCEEDED)
    if waits is None or waits.last_transition_time == NEVER:
        return f"{missed}: the operator did not look at it in time"
    return f"{missed}: {waits.reason}: {waits.message}"


def _attend(run: AgentRun) -> Keep | Say | ShutDown:
    if run.spec.shutdown is not None:
        return ShutDown(run.spec.shutdown)
    sent = {each.id for each in run.status.user_inputs}
    inputs = tuple(each for each in run.spec.user_inputs if each.id not in sent)
    return Say(inputs) if inputs else Keep()


def new_workflow(
    run: AgentRun,
    snapshot: Snapshot,
    opening: Opening,
    continues: Continuation | None = None,
    *,
    installation: str,
    state_attribute: bool = False,
    trace: str | None = None,
) -> NewWorkflow:
    """Say how the run's workflow is started; raise Waiting when that is more than one can be given."""
    namespace, name, uid = run.metadata.namespace, run.metadata.name, run.metadata.uid
    begins, *others = snapshot.agents
    loop = LoopInput(
        agent=begins,
        input=opening.text,
        limits=effective_limits(snapshot.entry, run.spec.limits),
        conversation_metadata={
            INSTALLATION_KEY: installation,
            NAMESPACE_KEY: namespace,
            NAME_KEY: name,
            UID_KEY: uid,
            RETENTION_KEY: snapshot.entry.spec.conversation.retention,
        },
        messages=opening.messages,
        handoffs=tuple(others),
        mcp_servers=snapshot.servers,
        continues=continues,
        run=RunReference(namespace=namespace, name=name, uid=uid),
        traceparent=traceparent(run.metadata) if trace is None else trace,
        state_attribute=state_attribute,
    )
    _require_room(loop)
    return NewWorkflow(
        identity=RunIdentity(installation, namespace, uid),
        queue=snapshot.queue,
        run_input=RunInput(contract=CONTRACT, operator_queue=operator_queue(installation), loop=loop),
        memo=RunMemo(
            namespace=namespace,
            name=name,
            uid=uid,
            agent_id=begins.remote_id,
            agent_version=begins.remote_version,
            agents=tuple(
                AgentIdentity(name=each.name, id=each.remote_id, version=each.remote_version)
                for each in snapshot.agents
            ),
            conversation_id=None if continues is None or continues.fork else continues.conversation_id,
        ),
        plain=snapshot.contract < SECOND_CONTRACT,
        connection=snapshot.connection,
    )


def effective_limits(agent: Agent, own: RunLimits | None) -> Limits:
    """Combine the Agent's limits with the run's own, which can only lower them."""
    both = (agent.spec.limits, own or RunLimits())
    budgets = [limits.max_total_tokens for limits in both if limits.max_total_tokens is not None]
    return Limits(
        max_turns=min(limits.max_turns for limits in both if limits.max_turns is not None),
        timeout=min(limits.timeout for limits in both if limits.timeout is not None),
        max_total_tokens=min(budgets, default=None),
        output_retries=min(limits.output_retries for limits in both if limits.output_retries is not None),
        wait_for_input=_wait_for_input(agent, own),
    )


def _wait_for_input(agent: Agent, own: RunLimits | None) -> timedelta | None:
    """Only the Agent lets the model ask at all."""
    allowed = agent.spec.limits.wait_for_input
    if allowed is None or own is None or own.wait_for_input is None:
        return allowed
    return min(allowed, own.wait_for_input)


def _require_room(loop: LoopInput) -> None:
    size = len(loop.model_dump_json().encode())
    if size <= LARGEST_LOOP:
        return
    of_input = len(loop.model_dump_json(include={"input", "messages"}).encode())
    agents = (loop.agent, *loop.handoffs)
    tools = sum(len(each.tools) for each in agents)
    raise waiting(
        Reason.SNAPSHOT_TOO_LARGE,
        f"the run would be given {size} bytes, and {LARGEST_LOOP} fit: {of_input} of its input, and the rest "
        f"of {len(agents)} Agents with {tools} tools: create a run with a shorter input, or let fewer Agents "
        "and tools be reached (spec.handoffs, spec.tools[].mcp.include)",
        expected=False,
    )
