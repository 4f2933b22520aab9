"""How runs ended whose workflow is closed and did not report."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import WorkflowExecutionStatus

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.run import RunOutcome
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Reason
from agents_operator.runs.plan import SHUTDOWN_REASONS, Shutdown
from agents_operator.runs.status import failed_status, outcome_status
from agents_operator.temporal.collected import Collected
from agents_operator.temporal.messages import Verdict
from agents_operator.temporal.workflows import Workflows, WorkflowState

_FROM_OUTSIDE = (WorkflowExecutionStatus.TERMINATED, WorkflowExecutionStatus.CANCELED)


@dataclass(frozen=True)
class Closed:
    """How a workflow ended; `state` is None where Temporal no longer has it."""

    state: WorkflowState | None
    collected: Collected | None = None
    """What it had come to, where it has no outcome of its own."""

    @property
    def outcome(self) -> RunOutcome | None:
        """Its own outcome; None where it has none."""
        return None if self.state is None else self.state.outcome


async def observe_end(workflows: Workflows, identity: RunIdentity) -> Closed | None:
    """Find out how a run's workflow ended; None while it is open.

    Raises TemporalUnreachableError, and StoreError while the store that has the answers is away.
    """
    state = await workflows.state(identity)
    if state is None:
        return Closed(None)
    if state.is_open:
        return None
    has_own = state.outcome is not None or state.lost
    return Closed(state, None if has_own else await workflows.collected(identity))


def closed_status(
    run: AgentRun,
    identity: RunIdentity,
    closed: Closed,
    *,
    now: datetime,
    retention: timedelta | None = None,
) -> AgentRunStatus:
    """Say how a workflow that did not report has ended."""
    state = closed.state
    if state is None:
        message = f"Temporal no longer has workflow {identity.workflow_id}"
        return failed_status(run, Reason.WORKFLOW_LOST, message, finished_at=now, now=now)
    if state.outcome is not None:
        return outcome_status(run, identity.workflow_id, state.outcome, now=now, retention=retention)
    finished_at = state.close_time or now
    if state.lost:
        message = f"the run ended, and its result is gone: {state.lost}"
        return failed_status(run, Reason.RESULT_LOST, message, finished_at=finished_at, now=now)
    if closed.collected is None:
        reason, message = _why(run, state.status)
        return failed_status(run, reason, message, finished_at=finished_at, now=now)
    outcome = collected_outcome(run, state, closed.collected, finished_at=finished_at)
    return outcome_status(run, identity.workflow_id, outcome, now=now, retention=retention)


def collected_outcome(
    run: AgentRun, state: WorkflowState, collected: Collected, *, finished_at: datetime
) -> RunOutcome:
    """Sum up a run whose workflow has no outcome of its own."""
    verdict = collected.verdict
    reason, message = _why(run, state.status) if verdict is None else (verdict.reason, verdict.message)
    told = () if state.progress is None else state.progress.told
    return collected.outcome(reason, message, finished_at=finished_at, told=told)


def shut_down(shutdown: Shutdown) -> Verdict:
    """Say how a run has ended that was ended from outside, as its `spec.shutdown` asks."""
    return Verdict(
        reason=SHUTDOWN_REASONS[shutdown],
        message=f"spec.shutdown is {shutdown}: the output is what was collected",
    )


def _why(run: AgentRun, status: WorkflowExecutionStatus) -> tuple[Reason, str]:
    shutdown = run.spec.shutdown
    if shutdown is not None and status in _FROM_OUTSIDE:
        verdict = shut_down(shutdown)
        return verdict.reason, verdict.message
    match status:
        case WorkflowExecutionStatus.TERMINATED:
            return Reason.TERMINATED, "the workflow was terminated in Temporal"
        case WorkflowExecutionStatus.CANCELED:
            return Reason.CANCELLED, "the workflow was cancelled in Temporal"
        case WorkflowExecutionStatus.TIMED_OUT:
            return Reason.TIMED_OUT, "no worker took the workflow up for a day after its limits.timeout"
        case WorkflowExecutionStatus.COMPLETED:
            return Reason.WORKFLOW_FAILED, "the workflow's result is not an outcome; Temporal's UI shows it"
        case _:
            return Reason.WORKFLOW_FAILED, "the workflow failed; Temporal's UI shows where"
