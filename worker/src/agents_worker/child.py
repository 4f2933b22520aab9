"""Runs an Agent from a workflow of a user's own: `run_agent`, and `start_agent` to speak to it meanwhile."""

import asyncio
from datetime import timedelta

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError, is_cancelled_exception

from agents_crds.contract.child import AgentRequest, ChildLoop, ResolvedAgent
from agents_crds.contract.names import (
    AGENT_LOOP_WORKFLOW,
    RESOLVE_AGENT_ACTIVITY,
    STOP_SIGNAL,
    USER_INPUT_SIGNAL,
    loop_workflow_id,
    operator_queue,
    place_of_pool,
)
from agents_crds.contract.run import LoopResult, UserInput
from agents_crds.telemetry.context import TraceContext
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.limits import USER_INPUT_TEXT_LIMIT

AgentResult = LoopResult
"""How an agent's loop ended, with all that it brought."""

READY_WITHIN = timedelta(minutes=10)
_RESOLVE = timedelta(seconds=20)
_UNTIL_READY = RetryPolicy(maximum_interval=timedelta(seconds=15))
# As of an AgentRun: the loop ends by its own timer; this one is for workers that never come.
_BACKSTOP = timedelta(hours=24)
# Temporal's type of the failure to signal a workflow that is closed.
_OVER = "ExternalWorkflowExecutionNotFound"


class AgentFailedError(ApplicationError):
    """An agent did not succeed; `type` is the reason, one of docs/conditions.md."""

    def __init__(self, agent: str, reason: str, message: str, result: AgentResult | None = None) -> None:
        super().__init__(f"Agent {agent}: {reason}: {message}", type=reason)
        self.result = result
        """What the loop brought nevertheless; None when it did not begin or was lost."""


class RunningAgent:
    """An agent whose loop goes, as a child of the workflow that started it."""

    def __init__(
        self, agent: str, child: workflow.ChildWorkflowHandle[object, AgentResult], *, check: bool
    ) -> None:
        self._agent = agent
        self._child = child
        self._check = check

    @property
    def workflow_id(self) -> str:
        """Id of the child workflow."""
        return self._child.id

    async def say(self, text: str, *, id: str | None = None) -> bool:  # noqa: A002  # as everywhere else here
        """Say something to the agent, which is told at its next model call; once for each `id`.

        False when the loop is over already; what one that ends meanwhile was told is in its result. Raises
        AgentFailedError for a text that is empty or longer than an input may be.
        """
        if not 0 < len(text) <= USER_INPUT_TEXT_LIMIT:
            message = f"an input has 1 to {USER_INPUT_TEXT_LIMIT} characters: shorten it"
            raise AgentFailedError(self._agent, Reason.INVALID_OBJECT, message)
        return await self._signal(USER_INPUT_SIGNAL, UserInput(id=id or str(workflow.uuid4()), text=text))

    async def stop(self) -> None:
        """End the loop after the step in flight; its reason is then `Stopped`. One that is over stays so."""
        await self._signal(STOP_SIGNAL)

    async def result(self) -> AgentResult:
        """Wait for the end; raise AgentFailedError for any but a success, unless `check` is off.

        When the waiting is cancelled, so is the loop, and CancelledError is raised once that has ended.
        """
        before = _cancellations()
        try:
            result = await self._child
        except ChildWorkflowError as error:
            if _cancellations() > before:
                raise asyncio.CancelledError from error
            raise _lost(self._agent, error) from error
        if _cancellations() > before:
            # The child has a result even so: without this the caller would go on.
            raise asyncio.CancelledError
        if self._check and result.reason is not Reason.SUCCEEDED:
            raise AgentFailedError(self._agent, result.reason, result.message, result)
        return result

    async def _signal(self, name: str, *given: UserInput) -> bool:
        try:
            await self._child.signal(name, args=given)
        except ApplicationError as error:
            if error.type != _OVER:
                raise
            return False
        return True


async def run_agent(
    agent: str,
    text: str,
    *,
    namespace: str | None = None,
    installation: str | None = None,
    max_turns: int | None = None,
    timeout: timedelta | None = None,  # noqa: ASYNC109  # of the loop, as in an AgentRun's limits
    max_total_tokens: int | None = None,
    ready_within: timedelta | None = READY_WITHIN,
    check: bool = True,
    traceparent: str = "",
) -> AgentResult:
    """Run an Agent on an input, and return how it ended. See `start_agent` for the arguments.

    Raises AgentFailedError for any end but a success, unless `check` is off; CancelledError when the caller
    was cancelled, once the agent's loop has ended too.
    """
    running = await start_agent(
        agent,
        text,
        namespace=namespace,
        installation=installation,
        max_turns=max_turns,
        timeout=timeout,
        max_total_tokens=max_total_tokens,
        ready_within=ready_within,
        check=check,
        traceparent=traceparent,
    )
    return await running.result()


async def start_agent(
    agent: str,
    text: str,
    *,
    namespace: str | None = None,
    installation: str | None = None,
    max_turns: int | None = None,
    timeout: timedelta | None = None,  # noqa: ASYNC109  # of the loop, as in an AgentRun's limits
    max_total_tokens: int | None = None,
    ready_within: timedelta | None = READY_WITHIN,
    check: bool = True,
    traceparent: str = "",
) -> RunningAgent:
    """Start an Agent on an input as a child workflow, in any workflow.

    `namespace` is that of the Agent and `installation` the id of the operator's install; a workflow on the
    queue of a WorkerPool need not say them. The limits only lower those of the Agent. An Agent that is not
    Ready is waited for, `ready_within` at most. What the agent does is told below the place in a trace that
    `traceparent` names, else in the trace whose id is the run id of the calling workflow, without dashes.
    Raises AgentFailedError when it cannot be run.
    """
    installation, namespace = _place(installation, namespace)
    request = AgentRequest(
        namespace=namespace,
        name=agent,
        input=text,
        uid=loop_workflow_id(installation, namespace, str(workflow.uuid4())),
        max_turns=max_turns,
        timeout=timeout,
        max_total_tokens=max_total_tokens,
        traceparent=traceparent or str(TraceContext.own(workflow.info().first_execution_run_id)),
        begins_trace=not traceparent,
    )
    found = await _resolved(request, operator_queue(installation), ready_within)
    child = await workflow.start_child_workflow(
        AGENT_LOOP_WORKFLOW,
        ChildLoop(loop=found.loop, caller=traceparent),
        id=request.uid,
        task_queue=found.queue,
        result_type=LoopResult,
        parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
        execution_timeout=found.loop.limits.timeout + _BACKSTOP,
        static_summary=f"{namespace}/{agent}",
    )
    return RunningAgent(agent, child, check=check)


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0


def _place(installation: str | None, namespace: str | None) -> tuple[str, str]:
    """Return the installation and the namespace: as given, else those of the pool that runs the caller."""
    ours = place_of_pool(workflow.info().task_queue)
    installation = installation or (ours[0] if ours else None)
    namespace = namespace or (ours[1] if ours else None)
    if installation is None or namespace is None:
        raise TypeError(
            "this workflow does not run on the queue of a WorkerPool: say which Agent is meant by "
            "installation= and namespace="
        )
    return installation, namespace


async def _resolved(request: AgentRequest, queue: str, within: timedelta | None) -> ResolvedAgent:
    before = _cancellations()
    try:
        found: ResolvedAgent = await workflow.execute_activity(
            RESOLVE_AGENT_ACTIVITY,
            request,
            result_type=ResolvedAgent,
            task_queue=queue,
            start_to_close_timeout=_RESOLVE,
            schedule_to_close_timeout=within,
            retry_policy=_UNTIL_READY,
            summary=request.name,
        )
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from error
        raise _unresolved(request.name, error) from error
    if _cancellations() > before:
        # The answer came together with the cancellation, which Temporal then lets go.
        raise asyncio.CancelledError
    return found


def _unresolved(agent: str, error: ActivityError) -> AgentFailedError:
    match error.cause:
        case ApplicationError() as told:
            return AgentFailedError(agent, _reason(told), told.message)
        case exceptions.TimeoutError(cause=ApplicationError() as told):
            return AgentFailedError(agent, _reason(told), told.message)
        case _:
            return AgentFailedError(
                agent,
                Reason.AGENT_NOT_READY,
                "the operator did not answer: check that it runs, and that `installation` is its id",
            )


def _reason(told: ApplicationError) -> str:
    """Return the operator's reason; its other failures, as of an API server that is away, have none."""
    return told.type if told.type in set(Reason) else Reason.AGENT_NOT_READY


def _lost(agent: str, error: ChildWorkflowError) -> Exception:
    match error.cause:
        case exceptions.CancelledError():
            return AgentFailedError(agent, Reason.CANCELLED, "its workflow was cancelled")
        case exceptions.TerminatedError():
            return AgentFailedError(agent, Reason.TERMINATED, "its workflow was terminated")
        case exceptions.TimeoutError():
            return AgentFailedError(agent, Reason.TIMED_OUT, "no worker of its pool took it up")
        case cause:
            return AgentFailedError(agent, Reason.WORKFLOW_FAILED, str(cause))
