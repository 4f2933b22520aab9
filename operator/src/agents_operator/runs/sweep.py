"""Compares Temporal's workflows with the AgentRuns, for what neither watch nor report can tell."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.store import StoreError
from agents_crds.v1alpha1 import AgentRun
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Cache, Key, World
from agents_operator.runs.closing import closed_status, observe_end
from agents_operator.runs.progress import ProgressReport, progress_status
from agents_operator.runs.record import Outcomes
from agents_operator.runs.status import started_status
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.places import Place, place_of_run
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.temporal.workflows import OpenWorkflow

YOUNG = timedelta(seconds=10)
"""Age up to which nothing is told of a run: most are over by then."""

AT_ONCE = 100
"""How many runs are looked at before others have their turn: some 10 ms of work."""

MOST_STRANGERS = 10_000
"""How many workflows of one server are looked into of which no run is known."""

LONGEST_LIST = 60.0


@dataclass(frozen=True)
class Found:
    """An open workflow, and the server that keeps it."""

    server: TemporalServer
    workflow: OpenWorkflow


class RunSweep:
    """Finds runs whose workflow ended behind our back, and workflows whose run is gone."""

    def __init__(
        self,
        world: World,
        queue: WorkQueue[Key],
        servers: TemporalServers,
        outcomes: Outcomes,
        progress: ProgressReport,
        *,
        installation: str,
        settled: timedelta,
        writes: int,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        """In one sweep, no more than `writes` runs are told of that go on."""
        self._world = world
        self._queue = queue
        self._servers = servers
        self._outcomes = outcomes
        self._progress = progress
        self._installation = installation
        self._settled = settled
        self._writes = writes
        self._now = now
        self._logger = logger
        self._suspects: frozenset[Key] = frozenset()
        self._told: dict[str, datetime] = {}

    async def sweep(self) -> None:
        """Do it once for each server; nothing is touched of one whose listing fails, which is raised."""
        before = self._now() - self._settled
        runs: defaultdict[Place, list[AgentRun]] = defaultdict(list)
        for run in self._world.runs:
            runs[place_of_run(run)].append(run)
        servers = self._servers.all()
        listed = await asyncio.gather(
            *(self._list(server, runs[server.place]) for server in servers), return_exceptions=True
        )
        found: list[Found] = []
        suspects: set[Key] = set()
        for server, workflows in zip(servers, listed, strict=True):
            if not isinstance(workflows, BaseException):
                found += [Found(server, workflow) for workflow in workflows]
                suspects |= await self._compare(server, runs[server.place], workflows, before)
        self._suspects = frozenset(suspects)
        await self._tell_news(found)
        for failure in listed:
            if isinstance(failure, BaseException):
                raise failure

    async def _compare(
        self,
        server: TemporalServer,
        runs: Sequence[AgentRun],
        workflows: Sequence[OpenWorkflow],
        before: datetime,
    ) -> frozenset[Key]:
        """Compare a server with the runs that it keeps; return what goes on there without a run."""
        suspects = frozenset(orphaned(workflows, runs, before=before))
        # A workflow goes on for a moment after its report: only one that is met twice is an orphan.
        for key in suspects & self._suspects:
            # The run's own reconcile asks the API server before it stops anything.
            self._logger.info("agentrun %s: a workflow goes on without it", key)
            self._queue.add(key)
        for run in unrecorded(runs, workflows, before=before):
            await self._settle_one(server, run, self._record_start)
        for run in unaccompanied(runs, workflows, before=before):
            await self._settle_one(server, run, self._close)
        return suspects

    async def _list(self, server: TemporalServer, runs: Iterable[AgentRun]) -> tuple[OpenWorkflow, ...]:
        """List what goes on in a server; others can start workflows there, as many as they like."""
        known = {run.metadata.uid for run in runs}
        found: list[OpenWorkflow] = []
        strangers = seen = 0
        try:
            async with asyncio.timeout(LONGEST_LIST):
                async for workflow in server.workflows.list_open(self._installation):
                    seen += 1
                    if seen % AT_ONCE == 0:
                        # A page has ten times as many, and within it nothing is waited for.
                        await asyncio.sleep(0)
                    if workflow.identity.uid in known:
                        found.append(workflow)
                    elif strangers < MOST_STRANGERS and self._is_strange(server, workflow):
                        strangers += 1
                        found.append(workflow)
        except (TemporalUnreachableError, TimeoutError) as error:
            raise TemporalUnreachableError(
                f"{named(server.place)} does not list its workflows: {error}"
            ) from error
        return tuple(found)

    def _is_strange(self, server: TemporalServer, workflow: OpenWorkflow) -> bool:
        """Tell whether its run may be gone: one that is kept in another place may lead to the same server."""
        namespace, uid = workflow.identity.namespace, workflow.identity.uid
        return server.place.may_speak_of(namespace) and self._world.runs.by_uid(uid) is None

    async def _tell_news(self, found: Sequence[Found]) -> None:
        """Tell of the runs first of which nothing was told for the longest time."""
        now = self._now()
        self._told = {
            each.workflow.identity.uid: self._told.get(each.workflow.identity.uid, each.workflow.start_time)
            for each in found
        }
        left = self._writes
        ordered = sorted(found, key=lambda each: self._told[each.workflow.identity.uid])
        for number, each in enumerate(ordered):
            if left == 0:
                return
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            run = with_news(self._world.runs, each.workflow, now=now)
            if run is not None and each.server.place.keeps(run):
                await self._settle_one(each.server, run, self._tell)
                self._told[run.metadata.uid] = now
                left -= 1

    async def _tell(self, server: TemporalServer, _: AgentRun, identity: RunIdentity) -> None:
        await self._progress.tell(server, identity)

    async def _settle_one(
        self,
        server: TemporalServer,
        run: AgentRun,
        settle: Callable[[TemporalServer, AgentRun, RunIdentity], Awaitable[None]],
    ) -> None:
        identity = RunIdentity(self._installation, run.metadata.namespace, run.metadata.uid)
        try:
            await settle(server, run, identity)
        except StoreError as error:
            self._logger.warning("agentrun %s waits for its result: %s", Key.of(run), error)
        except Exception:
            # Whatever one run provokes, the others are settled.
            self._logger.exception("agentrun %s could not be settled", Key.of(run))

    async def _record_start(self, server: TemporalServer, run: AgentRun, identity: RunIdentity) -> None:
        started = await server.workflows.find(identity)
        if started is None:
            return
        self._logger.info("agentrun %s: found workflow %s", Key.of(run), identity.workflow_id)
        await self._outcomes.record(
            server.place,
            identity,
            lambda latest, _: (
                started_status(latest, identity.workflow_id, started)
                if latest.status.workflow_id is None
                else latest.status
            ),
        )
        # It may have been spoken to, or be wanted to end.
        self._queue.add(Key.of(run))

    async def _close(self, server: TemporalServer, run: AgentRun, identity: RunIdentity) -> None:
        closed = await observe_end(server.workflows, identity)
        if closed is None:
            return
        self._logger.warning("agentrun %s: its workflow is closed and did not report", Key.of(run))
        await self._outcomes.record(
            server.place,
            identity,
            lambda latest, now: closed_status(latest, identity, closed, now=now, retention=server.retention),
            closed.outcome,
        )


def named(place: Place) -> str:
    """Name a Temporal to administrators."""
    return place.title + ("" if place.namespace is None else f" of namespace {place.namespace}")


def orphaned(
    workflows: Iterable[OpenWorkflow], runs: Iterable[AgentRun], *, before: datetime
) -> tuple[Key, ...]:
    """Find the workflows, started before a time, of which no unfinished run is known."""
    known = {run.metadata.uid for run in runs if not run.status.finished}
    return tuple(
        Key(found.identity.namespace, found.memo.name, found.identity.uid)
        for found in workflows
        if found.identity.uid not in known and found.start_time < before and found.memo is not None
    )


def unrecorded(
    runs: Iterable[AgentRun], workflows: Iterable[OpenWorkflow], *, before: datetime
) -> tuple[AgentRun, ...]:
    """Find the runs whose workflow, started before a time, is open and was never recorded.

    The operator was killed in between, and since then something else keeps the run from being started.
    """
    going = {found.identity.uid for found in workflows if found.start_time < before}
    return tuple(
        run
        for run in runs
        if run.status.workflow_id is None and not run.status.finished and run.metadata.uid in going
    )


def unaccompanied(
    runs: Iterable[AgentRun], workflows: Iterable[OpenWorkflow], *, before: datetime
) -> tuple[AgentRun, ...]:
    """Find the runs, started before a time, that have no open workflow any more."""
    going = {found.identity.uid for found in workflows}
    return tuple(
        run
        for run in runs
        if run.status.workflow_id is not None
        and not run.status.finished
        and run.metadata.uid not in going
        and run.status.start_time is not None
        and run.status.start_time < before
    )


def with_news(runs: Cache[AgentRun], workflow: OpenWorkflow, *, now: datetime) -> AgentRun | None:
    """Return a workflow's run if it is no longer quite young, and does something else than was told of it."""
    run = runs.by_uid(workflow.identity.uid)
    if run is None or run.status.workflow_id is None or run.status.finished:
        return None
    if workflow.start_time > now - YOUNG:
        return None
    if workflow.progress is None:
        # A workflow tells of no step that began early, however long it takes.
        return run if run.status.progress is None else None
    return run if progress_status(run, workflow.progress, now=now) != run.status else None
