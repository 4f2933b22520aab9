"""The workflows of AgentRuns: start, look at, speak to, stop and list them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.conversion import plainly
from agents_crds.contract.names import (
    AGENT_RUN_WORKFLOW,
    INPUT_REQUIRED_ACTIVITY,
    PROGRESS_MEMO,
    REPORT_ACTIVITY,
    RUN_MEMO,
    STOP_SIGNAL,
    USER_INPUT_SIGNAL,
    RunIdentity,
)
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import RunInput, RunMemo, RunOutcome, UserInput
from agents_crds.contract.store import PayloadLostError
from agents_operator.temporal.collected import Collected, collected
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import rpc_failure
from agents_operator.temporal.messages import Verdict

# The workflow ends by its own timer; this one is for a workflow whose workers never come back.
BACKSTOP = timedelta(hours=24)


@dataclass(frozen=True)
class StartedWorkflow:
    """A run's workflow, as it was started: by this request or by an earlier one."""

    run_id: str
    start_time: datetime
    memo: RunMemo
    fresh: bool


@dataclass(frozen=True)
class WorkflowState:
    """How a run's workflow stands; `outcome` is there once it has completed, unless it cannot be read."""

    status: WorkflowExecutionStatus
    close_time: datetime | None
    outcome: RunOutcome | None
    progress: RunProgress | None = None
    """What it last told of itself."""
    lost: str = ""
    """Why the outcome can never be read again."""

    @property
    def is_open(self) -> bool:
        """Tell whether it still goes on."""
        return self.status is WorkflowExecutionStatus.RUNNING


@dataclass(frozen=True)
class Look:
    """What a run's workflow does now; `progress` is what it told itself, None where it told nothing."""

    is_open: bool
    in_flight: bool
    """Whether a worker is at it, or its outcome is on the way."""
    progress: RunProgress | None


@dataclass(frozen=True)
class OpenWorkflow:
    """A workflow in a listing."""

    identity: RunIdentity
    start_time: datetime
    memo: RunMemo | None
    progress: RunProgress | None = None


class Workflows:
    """AgentRun workflows of one installation."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._plain_client = plainly(client)

    async def start(
        self,
        identity: RunIdentity,
        queue: str,
        run_input: RunInput,
        memo: RunMemo,
        now: datetime,
        *,
        plain: bool = False,
    ) -> StartedWorkflow:
        """Start the one workflow of a run; when it was started before, return that one as it was started.

        Repeating is harmless: the id is derived from the run, and Temporal refuses a second one even after
        the first has closed. `plain` is for workers of contract 1. Raises TemporalUnreachableError.
        """
        client = self._plain_client if plain else self._client
        try:
            handle = await client.start_workflow(
                AGENT_RUN_WORKFLOW,
                run_input,
                id=identity.workflow_id,
                task_queue=queue,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                memo={RUN_MEMO: memo},
                execution_timeout=run_input.loop.limits.timeout + BACKSTOP,
                static_summary=f"{memo.namespace}/{memo.name}",
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError as error:
            found = await self.find(identity)
            if found is None:
                raise LookupError(f"{identity.workflow_id} exists and cannot be described") from error
            return found
        except RPCError as error:
            raise rpc_failure(error) from error
        return StartedWorkflow(str(handle.first_execution_run_id), now, memo, fresh=True)

    async def find(self, identity: RunIdentity) -> StartedWorkflow | None:
        """Return a run's workflow as it was started by an earlier request; None when there is none."""
        description = await self._describe(identity)
        if description is None:
            return None
        memo: RunMemo = await description.memo_value(RUN_MEMO, type_hint=RunMemo)
        first_run = description.raw_description.workflow_execution_info.first_run_id
        return StartedWorkflow(first_run or description.run_id, description.start_time, memo, fresh=False)

    async def state(self, identity: RunIdentity) -> WorkflowState | None:
        """Describe a run's workflow; None when Temporal does not have it.

        Raises TemporalUnreachableError, and StoreError while the store that has its outcome is away.
        """
        description = await self._describe(identity)
        if description is None or description.status is None:
            return None
        completed = description.status is WorkflowExecutionStatus.COMPLETED
        try:
            outcome = await self._outcome(identity) if completed else None
        except PayloadLostError as error:
            return WorkflowState(description.status, description.close_time, None, lost=str(error))
        return WorkflowState(
            description.status, description.close_time, outcome, await _progress(description)
        )

    async def look(self, identity: RunIdentity) -> Look | None:
        """Look at what a run's workflow does now; None when Temporal does not have it."""
        description = await self._describe(identity)
        if description is None:
            return None
        is_open = description.status is WorkflowExecutionStatus.RUNNING
        return Look(is_open, _in_flight(description), await _progress(description))

    async def collected(self, identity: RunIdentity) -> Collected | None:
        """Find out what a run had come to that was ended from outside; None when nobody can tell."""
        return await collected(self._client, identity)

    async def say(self, identity: RunIdentity, said: UserInput) -> bool:
        """Say something to the agent, also with no worker alive; False when the workflow is not open."""
        return await self._signal(identity, USER_INPUT_SIGNAL, said)

    async def stop(self, identity: RunIdentity) -> bool:
        """Ask a workflow to end after the step in flight; False when there is none that is open."""
        return await self._signal(identity, STOP_SIGNAL)

    async def is_open(self, workflow_id: str) -> bool:
        """Tell whether a workflow, of whatever kind, goes on; one that Temporal does not have does not."""
        try:
            handle = self._client.get_workflow_handle(workflow_id)
            description = await handle.describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            return _absent_or_raise(error)
        return description.status is WorkflowExecutionStatus.RUNNING

    async def cancel(self, identity: RunIdentity) -> bool:
        """Ask a workflow to end at once; False when there is none that is open."""
        try:
            await self._client.get_workflow_handle(identity.workflow_id).cancel(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            return _absent_or_raise(error)
        return True

    async def terminate(self, identity: RunIdentity, reason: str, verdict: Verdict | None = None) -> bool:
        """End a workflow without its workers, noting why; False when there is none that is open."""
        try:
            await self._client.get_workflow_handle(identity.workflow_id).terminate(
                *(() if verdict is None else (verdict,)), reason=reason, rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            return _absent_or_raise(error)
        return True

    async def list_open(self, installation: str) -> AsyncIterator[OpenWorkflow]:
        """List the open workflows of an installation; a failure in the middle raises."""
        query = (
            f"WorkflowType = '{AGENT_RUN_WORKFLOW}' AND ExecutionStatus = 'Running' "
            f"AND WorkflowId STARTS_WITH '{installation}/'"
        )
        try:
            async for found in self._client.list_workflows(query, rpc_timeout=RPC_TIMEOUT):
                identity = RunIdentity.of_workflow(found.id)
                if identity is not None and identity.installation == installation:
                    yield OpenWorkflow(identity, found.start_time, await _memo(found), await _progress(found))
        except RPCError as error:
            raise rpc_failure(error) from error

    async def _signal(self, identity: RunIdentity, name: str, *arguments: UserInput) -> bool:
        try:
            await self._client.get_workflow_handle(identity.workflow_id).signal(
                name, args=arguments, rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            return _absent_or_raise(error)
        return True

    async def _outcome(self, identity: RunIdentity) -> RunOutcome | None:
        """Read the result of a workflow that has completed; None when it is not an outcome."""
        handle = self._client.get_workflow_handle(identity.workflow_id, result_type=RunOutcome)
        try:
            outcome: RunOutcome = await handle.result(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            raise rpc_failure(error) from error
        except ValidationError:
            return None
        return outcome

    async def _describe(self, identity: RunIdentity) -> WorkflowExecutionDescription | None:
        try:
            return await self._client.get_workflow_handle(identity.workflow_id).describe(
                rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            _absent_or_raise(error)
            return None


async def _memo(found: WorkflowExecution) -> RunMemo | None:
    """Read the memo of a listed workflow; None when it has none that can be read."""
    try:
        memo: RunMemo | None = await found.memo_value(RUN_MEMO, default=None, type_hint=RunMemo)
    except ValidationError:
        return None
    return memo


async def _progress(found: WorkflowExecution | WorkflowExecutionDescription) -> RunProgress | None:
    """Read what a workflow told of its progress; None when it told nothing that can be read."""
    try:
        progress: RunProgress | None = await found.memo_value(
            PROGRESS_MEMO, default=None, type_hint=RunProgress
        )
    except ValidationError:
        return None
    return progress


def _in_flight(description: WorkflowExecutionDescription) -> bool:
    raw = description.raw_description
    begun = (
        PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
        PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
    )
    return (
        raw.pending_workflow_task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
        or any(
            pending.activity_type.name == REPORT_ACTIVITY
            or (pending.activity_type.name != INPUT_REQUIRED_ACTIVITY and pending.state in begun)
            for pending in raw.pending_activities
        )
    )


def _absent_or_raise(error: RPCError) -> bool:
    """Return False for a workflow that is not there or has closed; raise for anything else."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return False
    raise rpc_failure(error) from error
