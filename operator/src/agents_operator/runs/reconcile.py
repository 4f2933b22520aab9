"""Starts AgentRuns, and has their workflows told what is wanted of them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.run import UserInput as SaidInput
from agents_crds.v1alpha1 import AgentRun, ConditionType
from agents_crds.v1alpha1.conversation import UserInput
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMapReader
from agents_operator.runs.continued import Continuations
from agents_operator.runs.departures import Departures
from agents_operator.runs.input import read_opening
from agents_operator.runs.plan import (
    Cancel,
    Finish,
    Keep,
    NewWorkflow,
    Say,
    ShutDown,
    Start,
    new_workflow,
    plan_run,
    time_to_start,
)
from agents_operator.runs.progress import sent_status
from agents_operator.runs.shutdown import Shutdowns
from agents_operator.runs.snapshot import Snapshot
from agents_operator.runs.status import failed_status, started_status
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.temporal.workflows import StartedWorkflow
from agents_operator.tracing.runs import RunTraces


class RunReconciler:
    """Reconciles AgentRuns."""

    def __init__(
        self,
        world: World,
        settle: Settle[AgentRun],
        api: KubernetesApi,
        servers: TemporalServers,
        *,
        shutdowns: Shutdowns,
        departures: Departures,
        traces: RunTraces,
        installation: str,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._settle = settle
        self._configmaps = ConfigMapReader(api)
        self._continuations = Continuations(world, api, self._is_started, now=now)
        self._servers = servers
        self._shutdowns = shutdowns
        self._departures = departures
        self._traces = traces
        self._installation = installation
        self._now = now
        self._logger = logger

    async def reconcile(self, key: Key) -> timedelta | None:
        """Bring one run forward; return when to look again."""
        if self._world.runs.get(key) is None:
            self._shutdowns.forget(key.uid)
            return await self._departures.look_into(key)
        began = self._now()
        return self._in_time(key, await self._settle.run(key, self._sync), began)

    def _in_time(self, key: Key, after: timedelta | None, began: datetime) -> timedelta | None:
        """Look again when the deadline for the start is over that was not when the reconcile `began`.

        It may have passed meanwhile: what was decided did not know of it yet.
        """
        run = self._world.runs.get(key)
        left = None if run is None else time_to_start(run, now=began)
        if left is None or left <= timedelta():
            return after
        return left if after is None else min(after, left)

    async def _sync(self, run: AgentRun) -> timedelta | None:
        match plan_run(run, self._world, installation=self._installation, now=self._now()):
            case Keep():
                self._shutdowns.forget(run.metadata.uid)
                return None
            case Cancel():
                return await self._departures.stop(Key.of(run))
            case Finish() as finish:
                return await self._finish(run, finish)
            case ShutDown(shutdown):
                return await self._shutdowns.bring_about(run, shutdown)
            case Say(inputs):
                await self._say(run, inputs)
                return None
            case Start(snapshot):
                return await self._enter(run, snapshot)

    async def _is_started(self, run: AgentRun) -> bool:
        return await self._find(run) is not None

    async def _find(self, run: AgentRun) -> StartedWorkflow | None:
        """Find the workflow of a run, which may not be recorded, where it would have been started."""
        return await self._servers.of_run(run).workflows.find(self._identity(run))

    def _identity(self, run: AgentRun) -> RunIdentity:
        return RunIdentity(self._installation, run.metadata.namespace, run.metadata.uid)

    async def _say(self, run: AgentRun, inputs: tuple[UserInput, ...]) -> None:
        """Send what was said, and record it; the workflow ignores what comes again."""
        identity, workflows = self._identity(run), self._servers.of_run(run).workflows
        for each in inputs:
            if not await workflows.say(identity, SaidInput(id=each.id, text=each.text)):
                # It is over: its outcome, which is on the way, says that this was refused.
                return
        self._logger.info("agentrun %s: sent %d inputs", Key.of(run), len(inputs))
        await self._settle.write(run, sent_status(run, inputs, now=self._now()))

    async def _enter(self, run: AgentRun, snapshot: Snapshot) -> timedelta | None:
        opening = await read_opening(run, self._configmaps, now=self._now())
        continues = await self._continuations.find(run, snapshot)
        if isinstance(continues, Finish):
            return await self._finish(run, continues)
        server = self._servers.of(
            run.metadata.namespace, snapshot.connection, condition=ConditionType.SUCCEEDED
        )
        placed = await self._placed(run, server)
        if placed is None:
            # The start was found that an operator did not record.
            return timedelta()
        run = placed
        with self._continuations.entering(run, continues):
            new = new_workflow(
                run,
                snapshot,
                opening,
                continues,
                installation=self._installation,
                state_attribute=server.state_attribute,
                trace=self._traces.traceparent(run.metadata),
            )
            await self._start(run, server, new)
        # What was said before the start is sent at once.
        return timedelta() if run.spec.user_inputs else None

    async def _finish(self, run: AgentRun, finish: Finish) -> timedelta | None:
        """End a run that has no workflow; one that an operator started and did not record is recorded."""
        if await self._found(run):
            return timedelta()
        self._departures.ended_unstarted(Key.of(run))
        now = self._now()
        await self._settle.write(
            run, failed_status(run, finish.reason, finish.message, finished_at=now, now=now)
        )
        return None

    async def _placed(self, run: AgentRun, server: TemporalServer) -> AgentRun | None:
        """Record where the workflow will be kept; None when it was started elsewhere, which is recorded.

        Reports are heard only from there, and nobody starts a second one elsewhere, whatever becomes of the
        Agent's pool before the start is recorded.
        """
        if server.place.keeps(run):
            return run
        if await self._found(run):
            return None
        status = run.status.model_copy(update={"temporal_connection": server.place.connection})
        return await self._settle.write(run, status)

    async def _found(self, run: AgentRun) -> bool:
        """Record the start of a run that an operator has started and not recorded, if there is one."""
        started = await self._find(run)
        if started is not None:
            await self._settle.write(run, started_status(run, self._identity(run).workflow_id, started))
        return started is not None

    async def _start(self, run: AgentRun, server: TemporalServer, new: NewWorkflow) -> None:
        started = await server.workflows.start(
            new.identity, new.queue, new.run_input, new.memo, self._now(), plain=new.plain
        )
        self._logger.info(
            "agentrun %s: %s workflow %s",
            Key.of(run),
            "started" if started.fresh else "found",
            new.identity.workflow_id,
        )
        await self._settle.write(run, started_status(run, new.identity.workflow_id, started))
