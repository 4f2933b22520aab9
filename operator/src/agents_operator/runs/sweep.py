"""Compares Temporal's workflows with the AgentRuns, for what neither watch nor report can tell."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

from temporalio.client import WorkflowExecutionStatus

from agents_crds.contract.names import RunIdentity
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Reason
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World
from agents_operator.runs.record import Outcomes
from agents_operator.runs.status import failed_status, outcome_status, started_status
from agents_operator.temporal.workflows import OpenWorkflow, Workflows, WorkflowState


class RunSweep:
    """Finds runs whose workflow ended behind our back, and workflows whose run is gone."""

    def __init__(
        self,
        world: World,
        queue: WorkQueue[Key],
        workflows: Workflows,
        outcomes: Outcomes,
        *,
        installation: str,
        settled: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._queue = queue
        self._workflows = workflows
        self._outcomes = outcomes
        self._installation = installation
        self._settled = settled
        self._now = now
        self._logger = logger
        self._suspects: frozenset[Key] = frozenset()

    async def sweep(self) -> None:
        """Do it once; nothing is touched when the listing fails."""
        workflows = [found async for found in self._workflows.list_open(self._installation)]
        before = self._now() - self._settled
        suspects = frozenset(orphaned(workflows, self._world.runs, before=before))
        # A workflow goes on for a moment after its report: only one that is met twice is an orphan.
        for key in suspects & self._suspects:
            # The run's own reconcile asks the API server before it stops anything.
            self._logger.info("agentrun %s: a workflow goes on without it", key)
            self._queue.add(key)
        self._suspects = suspects
        for run in unrecorded(self._world.runs, workflows, before=before):
            await self._settle_one(run, self._record_start)
        for run in unaccompanied(self._world.runs, workflows, before=before):
            await self._settle_one(run, self._close)

    async def _settle_one(
        self, run: AgentRun, settle: Callable[[AgentRun, RunIdentity], Awaitable[None]]
    ) -> None:
        identity = RunIdentity(self._installation, run.metadata.namespace, run.metadata.uid)
        try:
            await settle(run, identity)
        except Exception:
            # Whatever one run provokes, the others are settled.
            self._logger.exception("agentrun %s could not be settled", Key.of(run))

    async def _record_start(self, run: AgentRun, identity: RunIdentity) -> None:
        started = await self._workflows.find(identity)
        if started is None:
            return
        self._logger.info("agentrun %s: found workflow %s", Key.of(run), identity.workflow_id)
        await self._outcomes.record(
            identity,
            lambda latest, _: (
                started_status(latest, identity.workflow_id, started)
                if latest.status.workflow_id is None
                else latest.status
            ),
        )

    async def _close(self, run: AgentRun, identity: RunIdentity) -> None:
        state = await self._workflows.state(identity)
        if state is not None and state.is_open:
            return
        self._logger.warning("agentrun %s: its workflow is closed and did not report", Key.of(run))
        await self._outcomes.record(
            identity, lambda latest, now: closed_status(latest, identity, state, now=now)
        )


def orphaned(
    workflows: Iterable[OpenWorkflow], runs: Iterable[AgentRun], *, before: datetime
) -> tuple[Key, ...]:
    """Find the workflows, started before a time, of which no unfinished run is known."""
    known = {run.metadata.uid for run in runs if not run.status.finished}
    return tuple(
        Key(found.identity.namespace, found.memo.name, found.identity.uid)
        for found in workflows
        if found.identity.uid not in known and found.start_time < before and found.memo is not None
    )


def unrecorded(
    runs: Iterable[AgentRun], workflows: Iterable[OpenWorkflow], *, before: datetime
) -> tuple[AgentRun, ...]:
    """Find the runs whose workflow, started before a time, is open and was never recorded.

    The operator was killed in between, and since then something else keeps the run from being started.
    """
    going = {found.identity.uid for found in workflows if found.start_time < before}
    return tuple(
        run
        for run in runs
        if run.status.workflow_id is None and not run.status.finished and run.metadata.uid in going
    )


def unaccompanied(
    runs: Iterable[AgentRun], workflows: Iterable[OpenWorkflow], *, before: datetime
) -> tuple[AgentRun, ...]:
    """Find the runs, started before a time, that have no open workflow any more."""
    going = {found.identity.uid for found in workflows}
    return tuple(
        run
        for run in runs
        if run.status.workflow_id is not None
        and not run.status.finished
        and run.metadata.uid not in going
        and run.status.start_time is not None
        and run.status.start_time < before
    )


def closed_status(
    run: AgentRun, identity: RunIdentity, state: WorkflowState | None, *, now: datetime
) -> AgentRunStatus:
    """Say how a workflow that did not report has ended."""
    if state is None:
        message = f"Temporal no longer has workflow {identity.workflow_id}"
        return failed_status(run, Reason.WORKFLOW_LOST, message, finished_at=now, now=now)
    if state.outcome is not None:
        return outcome_status(run, identity.workflow_id, state.outcome, now=now)
    reason, message = _closed(state.status)
    return failed_status(run, reason, message, finished_at=state.close_time or now, now=now)


def _closed(status: WorkflowExecutionStatus) -> tuple[Reason, str]:
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
