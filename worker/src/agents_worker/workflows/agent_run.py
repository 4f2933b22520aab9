"""The workflow of an AgentRun: the loop, and the report of its outcome."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from agents_crds.contract.names import AGENT_RUN_WORKFLOW, REPORT_ACTIVITY
from agents_crds.contract.run import AgentIdentity, LoopResult, LoopState, RunInput, RunOutcome
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.control import Control, Controlled
from agents_worker.workflows.loop import first_state, run_loop
from agents_worker.workflows.progress import continue_as_new

_REPORT = timedelta(seconds=30)
_UNTIL_TAKEN = RetryPolicy(maximum_interval=timedelta(seconds=30))
_ONCE = RetryPolicy(maximum_attempts=1)


@workflow.defn(name=AGENT_RUN_WORKFLOW)
class AgentRun(Controlled):
    """Runs the loop, and ends by reporting to the operator."""

    @workflow.init
    def __init__(self, run: RunInput) -> None:
        self.control = Control(run.state, run.operator_queue)

    @workflow.run
    async def run(self, run: RunInput) -> RunOutcome:
        """Return the outcome after the operator took it in."""
        state = run.state or first_state(run.loop)
        result = await run_loop(run.loop, state, self.control)
        if isinstance(result, LoopState):
            continue_as_new(run.model_copy(update={"state": result}))
        outcome = _outcome(run, state, result)
        if result.reason == Reason.CANCELLED:
            # The AgentRun is most likely gone, and with it whoever would take the report.
            await _report(run, outcome.preview(), _ONCE, within=_REPORT)
            raise asyncio.CancelledError
        await _report(run, outcome.preview(), _UNTIL_TAKEN, within=None)
        return outcome


def _outcome(run: RunInput, state: LoopState, result: LoopResult) -> RunOutcome:
    return RunOutcome(
        result=result,
        agent_id=run.loop.agent.remote_id,
        agent_version=run.loop.agent.remote_version,
        started_at=state.deadline - run.loop.limits.timeout,
        finished_at=workflow.now(),
        agents=tuple(
            AgentIdentity(name=agent.name, id=agent.remote_id, version=agent.remote_version)
            for agent in (run.loop.agent, *run.loop.handoffs)
        ),
    )


async def _report(
    run: RunInput, outcome: RunOutcome, retries: RetryPolicy, *, within: timedelta | None
) -> None:
    """Hand the outcome to the operator, also when the workflow is cancelled meanwhile."""
    report = workflow.start_activity(
        REPORT_ACTIVITY,
        outcome,
        task_queue=run.operator_queue,
        start_to_close_timeout=_REPORT,
        schedule_to_close_timeout=within,
        retry_policy=retries,
    )
    try:
        while not report.done():
            try:
                await asyncio.shield(report)
            except asyncio.CancelledError:
                workflow.logger.info("Cancelled while reporting: the report goes on")
    except ActivityError as error:
        # The outcome is this workflow's result as well, where the operator's sweep finds it.
        workflow.logger.warning("The operator did not take the outcome: %s", error.cause)
