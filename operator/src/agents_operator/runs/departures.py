"""Stops the workflows of runs that are gone, or that have ended without one."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.contract.names import RunIdentity
from agents_crds.v1alpha1 import AgentRun
from agents_operator.engine.world import REMEMBERED_ENDS, Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.temporal.places import Place
from agents_operator.temporal.servers import TemporalServer, TemporalServers


class Departures:
    """Tells runs that have left the watch since they have finished from those whose workflow is to end."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        servers: TemporalServers,
        finished: Callable[[Key], None],
        *,
        installation: str,
        grace: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        """`finished` hears of runs that have left by finishing; a cancelled workflow has `grace` to end."""
        self._finished = finished
        self._world = world
        self._api = api
        self._servers = servers
        self._installation = installation
        self._grace = grace
        self._now = now
        self._logger = logger
        self._cancelled: dict[tuple[Key, Place], datetime] = {}
        self._unstarted: dict[Key, None] = {}

    def ended_unstarted(self, key: Key) -> None:
        """Remember that a run was ended before it had a workflow."""
        self._unstarted[key] = None
        if len(self._unstarted) > REMEMBERED_ENDS:
            del self._unstarted[next(iter(self._unstarted))]

    async def look_into(self, key: Key) -> timedelta | None:
        """Stop the workflow of a run that has left the watch, if need be; return when to look again.

        A run also leaves the watch when it finishes. When the watch said so before the answer to our own
        write did, that answer has come by now; otherwise only a GET can tell the two apart.
        """
        has_finished = key not in self._unstarted and self._world.runs.has_left(key)
        if has_finished or await self._needs_nothing(key):
            self._finished(key)
            for server in self._servers.within(key.namespace):
                self._cancelled.pop((key, server.place), None)
            return None
        return await self.stop(key)

    async def stop(self, key: Key) -> timedelta | None:
        """Cancel the workflow, and terminate it when it is still open after the grace period.

        A cancel needs a worker, and none may be left. Returns when to look again. Of a run that is gone
        nobody knows where its workflow is kept; where that does not answer now, the sweep finds it later.
        """
        pauses = [await self._stop(key, server) for server in self._servers.within(key.namespace)]
        return min((pause for pause in pauses if pause is not None), default=None)

    async def _stop(self, key: Key, server: TemporalServer) -> timedelta | None:
        place, workflows = server.place, server.workflows
        identity = RunIdentity(self._installation, key.namespace, key.uid)
        since = self._cancelled.get((key, place))
        if since is None or self._now() - since < self._grace:
            if await workflows.cancel(identity):
                self._cancelled.setdefault((key, place), self._now())
                return self._grace
        elif await workflows.terminate(
            identity, "its AgentRun is gone, or ended without it, and the cancel had no effect"
        ):
            self._logger.warning("agentrun %s: terminated workflow %s", key, identity.workflow_id)
        self._cancelled.pop((key, place), None)
        return None

    async def _needs_nothing(self, key: Key) -> bool:
        stored = await self._api.get(AGENT_RUNS, key.namespace, key.name)
        return stored is not None and stored.metadata.uid == key.uid and not shall_have_no_workflow(stored)


def shall_have_no_workflow(run: AgentRun) -> bool:
    """Tell whether a run was ended before it had a workflow.

    The request for one may arrive later, of an operator that was killed. Of a workflow that is recorded, the
    result is all that has the whole answer: it must end by itself.
    """
    return run.status.finished is True and run.status.workflow_id is None
