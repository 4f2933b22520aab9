"""Ends runs early, as `spec.shutdown` asks."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.names import RunIdentity
from agents_crds.v1alpha1 import AgentRun
from agents_operator.engine.world import Key
from agents_operator.runs.closing import closed_status, observe_end, shut_down
from agents_operator.runs.plan import Shutdown
from agents_operator.runs.settle import RunSettle
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.temporal.workflows import Look, Workflows


@dataclass(frozen=True)
class _Asked:
    """What a workflow was asked, and since when."""

    shutdown: Shutdown
    since: datetime


class Shutdowns:
    """Asks workflows to end, and ends those of which nothing is in flight: no worker need be alive."""

    def __init__(
        self,
        servers: TemporalServers,
        settle: RunSettle,
        *,
        installation: str,
        grace: timedelta,
        cancel_grace: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        """A workflow has `grace` to end by itself; what a Cancel finds in flight has `cancel_grace`."""
        self._servers = servers
        self._settle = settle
        self._installation = installation
        self._grace = grace
        self._cancel_grace = cancel_grace
        self._now = now
        self._logger = logger
        self._asked: dict[str, _Asked] = {}

    async def bring_about(self, run: AgentRun, shutdown: Shutdown) -> timedelta | None:
        """Bring a run's end nearer; return when to look again.

        An operator that has forgotten what it asked asks again: nothing is stopped twice by that.
        """
        server = self._servers.of_run(run)
        uid = run.metadata.uid
        identity = RunIdentity(self._installation, run.metadata.namespace, uid)
        asked = self._asked.get(uid)
        if asked is None or asked.shutdown != shutdown:
            if await _ask(server.workflows, identity, shutdown):
                self._logger.info("agentrun %s: asked to end (%s)", Key.of(run), shutdown)
                self._asked[uid] = _Asked(shutdown, self._now())
                return self._grace
        else:
            look = await server.workflows.look(identity)
            pause = patience(
                look,
                shutdown,
                self._now() - asked.since,
                grace=self._grace,
                cancel_grace=self._cancel_grace,
            )
            if pause is not None:
                return pause
            await _terminate(server.workflows, identity, shutdown)
        return await self._record(run, server, identity, shutdown)

    def forget(self, uid: str) -> None:
        """Forget a run that is gone or over."""
        self._asked.pop(uid, None)

    async def _record(
        self, run: AgentRun, server: TemporalServer, identity: RunIdentity, shutdown: Shutdown
    ) -> timedelta | None:
        """Write how the run ended, unless somebody else has meanwhile; return when to look again."""
        closed = await observe_end(server.workflows, identity)
        if closed is None:
            return self._grace
        status = closed_status(run, identity, closed, now=self._now(), retention=server.retention)
        await self._settle.write(run, status, outcome=closed.outcome)
        self._logger.info("agentrun %s: ended (%s)", Key.of(run), shutdown)
        self.forget(run.metadata.uid)
        return None


async def _ask(workflows: Workflows, identity: RunIdentity, shutdown: Shutdown) -> bool:
    """Ask a workflow to end; False when it has."""
    match shutdown:
        case "Stop":
            return await workflows.stop(identity)
        case "Cancel":
            return await workflows.cancel(identity)
        case "Terminate":
            await _terminate(workflows, identity, shutdown)
            return False


async def _terminate(workflows: Workflows, identity: RunIdentity, shutdown: Shutdown) -> None:
    why = f"spec.shutdown of its AgentRun is {shutdown}"
    await workflows.terminate(identity, why, shut_down(shutdown))


def patience(
    look: Look | None, shutdown: Shutdown, passed: timedelta, *, grace: timedelta, cancel_grace: timedelta
) -> timedelta | None:
    """Say how long to leave alone what is in flight; None when the workflow is to be ended from outside.

    `passed` is the time since it was asked to end.
    """
    if look is None or not look.is_open or not look.in_flight:
        return None
    if shutdown == "Cancel" and passed >= cancel_grace:
        return None
    # A tool may take hours, and each look costs a request.
    return max(grace, min(passed, cancel_grace))
