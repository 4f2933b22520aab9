"""The activities by which a run's workflow tells that it waits for a person, and its outcome."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from agents_crds.contract.names import INPUT_REQUIRED_ACTIVITY, REPORT_ACTIVITY, RunIdentity
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import RunOutcome
from agents_operator.runs.progress import ProgressReport
from agents_operator.runs.record import ElsewhereError, Outcomes
from agents_operator.runs.status import outcome_status
from agents_operator.temporal.places import ASK_ANOTHER
from agents_operator.temporal.servers import TemporalServer


class Report:
    """Serves the operator's task queue in one server, for the runs that are kept there."""

    def __init__(
        self, outcomes: Outcomes, progress: ProgressReport, server: TemporalServer, installation: str
    ) -> None:
        self._outcomes = outcomes
        self._progress = progress
        self._server = server
        self._installation = installation

    @activity.defn(name=REPORT_ACTIVITY)
    async def report(self, outcome: RunOutcome) -> None:
        """Write the outcome to the AgentRun of the calling workflow, and to no other."""
        identity = self._caller()
        with _refusing():
            await self._outcomes.record(
                self._server.place,
                identity,
                lambda run, now: outcome_status(
                    run, identity.workflow_id, outcome, now=now, retention=self._server.retention
                ),
                outcome,
            )

    @activity.defn(name=INPUT_REQUIRED_ACTIVITY)
    async def input_required(self, _: RunProgress) -> None:
        """Write to the AgentRun of the calling workflow what it does now: it may wait no more."""
        identity = self._caller()
        with _refusing():
            await self._progress.tell(self._server, identity)

    def _caller(self) -> RunIdentity:
        workflow_id = activity.info().workflow_id
        identity = RunIdentity.of_workflow(workflow_id or "")
        if identity is None or identity.installation != self._installation:
            raise ApplicationError(
                f"workflow {workflow_id} belongs to no AgentRun of {self._installation}", non_retryable=True
            )
        if not self._server.place.may_speak_of(identity.namespace):
            raise _refused(
                f"AgentRuns of namespace {identity.namespace} are not kept in {self._server.place.title}"
            )
        return identity


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except ElsewhereError as error:
        raise _refused(str(error)) from error


def _refused(why: str) -> ApplicationError:
    activity.logger.info("a report is refused: %s", why)
    # A traceback for each would let whoever makes reports up fill the log.
    return ApplicationError(why, next_retry_delay=ASK_ANOTHER, category=ApplicationErrorCategory.BENIGN)
