"""Writes the outcome of a run, once."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.run import RunOutcome
from agents_crds.telemetry.about import about
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Reason
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import ConflictError, GoneError, RejectedError
from agents_operator.kubernetes.resources import AGENT_RUNS, UNFINISHED
from agents_operator.runs.settle import RunSettle
from agents_operator.runs.status import failed_status
from agents_operator.temporal.places import Place
from agents_operator.tracing.lines import about_run


class ElsewhereError(Exception):
    """A workflow tells of a run that is not kept in its Temporal: whoever started it made that up."""


class Outcomes:
    """Records how runs ended, whoever found out."""

    def __init__(
        self,
        world: World,
        queue: WorkQueue[Key],
        settle: RunSettle,
        api: KubernetesApi,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._world = world
        self._queue = queue
        self._settle = settle
        self._api = api
        self._now = now

    async def record(
        self,
        place: Place,
        identity: RunIdentity,
        status_of: Callable[[AgentRun, datetime], AgentRunStatus],
        outcome: RunOutcome | None = None,
    ) -> None:
        """Write the status that `status_of` makes of the run now, unless the run is gone or has an outcome.

        The run is found by the workflow's own identity and the write is tested on the version that was read,
        so it can never reach another object. Raises ElsewhereError when the run is not kept in this place.
        """

        async def write(run: AgentRun, now: datetime) -> None:
            await self._write(run, status_of(run, now), outcome)

        run = self._world.runs.by_uid(identity.uid) or await self._search(identity)
        if run is not None and not place.keeps(run):
            # The watch may be late: where a run is kept is written before its workflow is started.
            run = await self._read(Key.of(run))
            if run is not None and not place.keeps(run):
                raise _elsewhere(run, place)
            if run is not None and not run.status.finished:
                self._world.runs.see(run)
        if run is not None:
            await self._on_latest(run, write)

    async def amend(
        self,
        place: Place,
        identity: RunIdentity,
        write: Callable[[AgentRun, datetime], Awaitable[None]],
    ) -> None:
        """Let `write` write to the run as it is now, unless it is not known here, is gone or has an outcome.

        It is called again, on what is stored then, when somebody else wrote meanwhile. Raises ElsewhereError
        as `record` does.
        """
        run = self._world.runs.by_uid(identity.uid)
        if run is None:
            return
        if not place.keeps(run):
            raise _elsewhere(run, place)
        await self._on_latest(run, write)

    async def _on_latest(self, run: AgentRun, write: Callable[[AgentRun, datetime], Awaitable[None]]) -> None:
        key = Key.of(run)
        async with self._queue.exclusive(key):
            latest: AgentRun | None = self._world.runs.get(key) or run
            while latest is not None and not latest.status.finished:
                try:
                    with about(**about_run(latest)):
                        await write(latest, self._now())
                except ConflictError:
                    latest = await self._read(key)
                except GoneError:
                    latest = None
                else:
                    return
            if latest is None:
                # The watch has missed its end, or is about to bring it.
                self._world.runs.forget(key)

    async def _write(self, run: AgentRun, status: AgentRunStatus, outcome: RunOutcome | None) -> None:
        try:
            await self._settle.write(run, status, outcome=outcome)
        except RejectedError as error:
            message = f"the API server refused the outcome, which is kept in the workflow: {error.message}"
            now = self._now()
            await self._settle.write(
                run, failed_status(run, Reason.REPORT_REJECTED, message, finished_at=now, now=now)
            )

    async def _read(self, key: Key) -> AgentRun | None:
        stored = await self._api.get(AGENT_RUNS, key.namespace, key.name)
        return stored if stored is not None and stored.metadata.uid == key.uid else None

    async def _search(self, identity: RunIdentity) -> AgentRun | None:
        """Look a run up that the watch has not brought yet."""
        pages = self._api.pages(AGENT_RUNS, namespace=identity.namespace, field_selector=UNFINISHED)
        async for page in pages:
            for run in page:
                if run.metadata.uid == identity.uid:
                    return run
        return None


def _elsewhere(run: AgentRun, place: Place) -> ElsewhereError:
    return ElsewhereError(f"AgentRun {Key.of(run)} is not kept in {place.title}")
