"""Ends runs from outside for a reason of the operator's own, as when their workers go for good."""

import logging

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.store import StoreError
from agents_operator.runs.closing import closed_status, observe_end
from agents_operator.runs.record import ElsewhereError, Outcomes
from agents_operator.temporal.messages import Verdict
from agents_operator.temporal.servers import TemporalServer


class Endings:
    """Terminates workflows, and records at once what they had come to."""

    def __init__(self, outcomes: Outcomes, logger: logging.Logger) -> None:
        self._outcomes = outcomes
        self._logger = logger

    async def end(self, server: TemporalServer, identity: RunIdentity, verdict: Verdict) -> None:
        """End a run; one that ended by itself meanwhile keeps its own outcome.

        What cannot be recorded now, the sweep of runs records. Raises TemporalUnreachableError.
        """
        await server.workflows.terminate(identity, verdict.message, verdict)
        self._logger.info("workflow %s: ended (%s)", identity.workflow_id, verdict.reason)
        try:
            closed = await observe_end(server.workflows, identity)
        except StoreError as error:
            self._logger.warning("workflow %s waits for its result: %s", identity.workflow_id, error)
            return
        if closed is None:
            return
        try:
            await self._outcomes.record(
                server.place,
                identity,
                lambda run, now: closed_status(run, identity, closed, now=now, retention=server.retention),
                closed.outcome,
            )
        except ElsewhereError as error:
            # Whoever may start workflows in a server can give them the id of any run.
            self._logger.warning("workflow %s: %s", identity.workflow_id, error)
