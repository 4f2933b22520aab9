"""The `report` activity: a run's workflow tells its outcome."""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents_crds.contract.names import REPORT_ACTIVITY, RunIdentity
from agents_crds.contract.run import RunOutcome
from agents_operator.runs.record import Outcomes
from agents_operator.runs.status import outcome_status


class Report:
    """Serves the operator's task queue."""

    def __init__(self, outcomes: Outcomes, installation: str) -> None:
        self._outcomes = outcomes
        self._installation = installation

    @activity.defn(name=REPORT_ACTIVITY)
    async def report(self, outcome: RunOutcome) -> None:
        """Write the outcome to the AgentRun of the calling workflow, and to no other."""
        workflow_id = activity.info().workflow_id
        identity = RunIdentity.of_workflow(workflow_id or "")
        if identity is None or identity.installation != self._installation:
            raise ApplicationError(
                f"workflow {workflow_id} belongs to no AgentRun of {self._installation}", non_retryable=True
            )
        await self._outcomes.record(
            identity, lambda run, now: outcome_status(run, identity.workflow_id, outcome, now=now)
        )
