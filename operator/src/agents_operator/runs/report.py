"""The activities by which a run's workflow tells that it waits for a person, and its outcome."""

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents_crds.contract.names import INPUT_REQUIRED_ACTIVITY, REPORT_ACTIVITY, RunIdentity
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import RunOutcome
from agents_operator.runs.progress import ProgressReport
from agents_operator.runs.record import Outcomes
from agents_operator.runs.status import outcome_status


class Report:
    """Serves the operator's task queue."""

    def __init__(
        self,
        outcomes: Outcomes,
        progress: ProgressReport,
        installation: str,
        *,
        retention: timedelta | None = None,
    ) -> None:
        self._outcomes = outcomes
        self._progress = progress
        self._installation = installation
        self._retention = retention

    @activity.defn(name=REPORT_ACTIVITY)
    async def report(self, outcome: RunOutcome) -> None:
        """Write the outcome to the AgentRun of the calling workflow, and to no other."""
        identity = self._caller()
        await self._outcomes.record(
            identity,
            lambda run, now: outcome_status(
                run, identity.workflow_id, outcome, now=now, retention=self._retention
            ),
        )

    @activity.defn(name=INPUT_REQUIRED_ACTIVITY)
    async def input_required(self, _: RunProgress) -> None:
        """Write to the AgentRun of the calling workflow what it does now: it may wait no more."""
        await self._progress.tell(self._caller())

    def _caller(self) -> RunIdentity:
        workflow_id = activity.info().workflow_id
        identity = RunIdentity.of_workflow(workflow_id or "")
        if identity is None or identity.installation != self._installation:
            raise ApplicationError(
                f"workflow {workflow_id} belongs to no AgentRun of {self._installation}", non_retryable=True
            )
        return identity
