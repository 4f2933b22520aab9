"""Puts the world, the reconcilers and their queues together."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio.worker import Worker

from agents_crds.contract.mcp import McpFailure, McpTarget, McpText
from agents_crds.contract.names import RunIdentity
from agents_crds.telemetry.logs import unmeasured_core
from agents_operator.agents.prompts import Prompts
from agents_operator.agents.sources import ConfigMapTexts
from agents_operator.autoscaling.announced import Announcements
from agents_operator.autoscaling.wake import WakeScaling
from agents_operator.clients import Clients, Shared
from agents_operator.connections.keep import Connections
from agents_operator.connections.opening import Opening
from agents_operator.connections.reconcile import ConnectionReconciler
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.repeat import repeat
from agents_operator.engine.resync import Resync
from agents_operator.engine.served import Served
from agents_operator.engine.wake import Queues, Wake
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.configmaps import ConfigMapReader
from agents_operator.kubernetes.resources import TEMPORAL_CONNECTIONS
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.metrics import Measures, Writes
from agents_operator.reconcilers import (
    agent_reconciler,
    autoscaler,
    mcp_server_reconciler,
    pool_reconciler,
    provider_reconciler,
    run_reconciler,
)
from agents_operator.reports import Reports
from agents_operator.runs.departures import Departures
from agents_operator.runs.ending import Endings
from agents_operator.runs.progress import ProgressReport
from agents_operator.runs.record import Outcomes
from agents_operator.settings import Settings
from agents_operator.sweeps import sweeps
from agents_operator.temporal.mcp import PoolBuild
from agents_operator.temporal.messages import Verdict
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from agents_operator.tracing.lines import object_fields

LONGEST_FINISH = 5.0


class Controllers:
    """The reconcilers of all kinds over one world."""

    def __init__(
        self,
        settings: Settings,
        installation: str,
        clients: Clients,
        served: Served,
        measures: Measures,
        *,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        world = self.world = World()
        servers = TemporalServers(clients.temporal, world.temporal_connections)
        writes = Writes(measures, world)
        self._shared = shared = Shared(
            settings, installation, clients, served, world, servers, measures, writes, now, logger
        )
        self._announcements = Announcements(world, cancel_grace=settings.cancel_grace, now=now)
        world.listen(writes)
        self.resync = Resync(clients.api, world, served.now, logger)
        self._run_settle = shared.settle_runs(clients.api)
        self._texts = ConfigMapTexts(world, ConfigMapReader(clients.api), self._wake_agent)
        self._prompts = Prompts(
            world,
            self._get_prompt,
            self._wake_agent,
            retry_interval=settings.retry_interval,
            now=now,
            logger=logger,
        )
        self._departures = Departures(
            world,
            clients.api,
            servers,
            self._announcements.finished,
            installation=installation,
            grace=settings.cancel_grace,
            now=now,
            logger=logger,
        )
        self.connections = self._connections()
        self._providers = provider_reconciler(shared)
        self.queues = self._queues()
        world.listen(self.connections)
        self._outcomes = Outcomes(world, self.queues.runs, self._run_settle, clients.api, now=now)
        self.reports = self._reports(leads)

    async def stand_by(self) -> None:
        """Do what every replica does, until cancelled: know the world, and hear what runs tell anywhere."""
        interval = self._shared.settings.resync_interval
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.connections.run())
            tasks.create_task(self._repeat(interval, self.resync.sweep))

    async def lead(self) -> None:
        """Reconcile and sweep until cancelled; what is being reconciled then has a few seconds to end.

        The next leader may begin at once, when a request of this one may still be under way.
        """
        self.world.listen(self._announcements)
        wake = Wake(self.world, self.queues)
        self.world.listen(wake)
        self.connections.tell(wake.temporal_changed)
        self.world.listen(WakeScaling(self.world, self.queues.scaling))
        progress = ProgressReport(self._outcomes, self._run_settle)
        async with asyncio.TaskGroup() as tasks:
            for queue in self.queues.all:
                tasks.create_task(queue.run())
            tasks.create_task(self._prompts.queue.run())
            for interval, sweep in sweeps(
                self._shared,
                self.queues.runs,
                self._outcomes,
                progress,
                providers=self._providers,
                texts=self._texts,
            ):
                tasks.create_task(self._repeat(interval, sweep))
            try:
                await asyncio.Event().wait()
            finally:
                await self._finish()

    async def _repeat(self, interval: timedelta, sweep: Callable[[], Coroutine[None, None, None]]) -> None:
        await repeat(interval, sweep, self._shared.logger, self._shared.measures.sweep_errors.inc)

    async def _finish(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_FINISH):
                await asyncio.gather(*(queue.finish() for queue in self.queues.all))

    def _reports(self, leads: Callable[[], bool]) -> Reports:
        """Return what writes outcomes whoever leads: they are tested on the version that was read."""
        shared = self._shared
        api = shared.clients.replica_api
        settle = shared.settle_runs(api)
        outcomes = Outcomes(self.world, self.queues.runs, settle, api, now=shared.now)
        return Reports(
            self.world,
            api,
            shared.served,
            outcomes,
            ProgressReport(outcomes, settle),
            self.queues.mcp_servers,
            shared.clients.traces,
            shared.servers,
            shared.installation,
            leads,
        )

    def _connections(self) -> Connections:
        shared = self._shared
        settings, clients = shared.settings, shared.clients
        return Connections(
            self.world.temporal_connections,
            shared.servers,
            Secrets(clients.replica_api),
            Opening(
                clients.converter,
                shared.installation,
                retry_interval=settings.retry_interval,
                logger=shared.logger,
                # Users choose these: one that is away would look like the operator's own to an alert.
                runtime=unmeasured_core(settings.log_format),
            ),
            fenced=clients.fenced,
            reports=self._worker,
            installation=shared.installation,
            interval=settings.connection_interval,
            retry_interval=settings.retry_interval,
            logger=shared.logger,
        )

    def _worker(self, server: TemporalServer) -> Worker:
        return self.reports.worker(server)

    async def _get_prompt(
        self, workers: PoolBuild, target: McpTarget, prompt: str, arguments: Mapping[str, str]
    ) -> McpText | McpFailure:
        mcp = self._shared.servers.of(workers.namespace, workers.connection).mcp
        return await mcp.get_prompt(workers, target, prompt, arguments)

    def _wake_agent(self, key: Key) -> None:
        self.queues.agents.add(key)

    async def _end_run(self, server: TemporalServer, identity: RunIdentity, verdict: Verdict) -> None:
        await Endings(self._outcomes, self._shared.logger).end(server, identity, verdict)

    def _queues(self) -> Queues:
        shared = self._shared
        agents = agent_reconciler(shared, self._providers, self._texts, self._prompts)
        runs = run_reconciler(shared, self._run_settle, self._departures)
        settle = shared.settle(TEMPORAL_CONNECTIONS, self.world.temporal_connections)
        connections = ConnectionReconciler(settle, self.connections.seen, now=shared.now)
        return Queues(
            # Bounds the requests to a provider.
            agents=self._queue("agent", agents.reconcile, 8),
            # A start and its record take some 15 ms of waiting: 16 at once keep the loop busy. The others
            # are for those whose Temporal is none that hangs.
            runs=self._queue("agentrun", runs.reconcile, 24, of_namespace=16),
            providers=self._queue("modelprovider", self._providers.reconcile, 4),
            # A probe waits up to 10 s for a worker.
            pools=self._queue(
                "workerpool", pool_reconciler(shared, self._end_run).reconcile, 16, of_namespace=4
            ),
            # Some five requests each, of which there are many only while pools have builds that drain.
            scaling=self._queue(
                "scaling", autoscaler(shared, self._announcements).reconcile, 8, of_namespace=4
            ),
            # Each waits for its server, which may be one that hangs.
            mcp_servers=self._queue(
                "mcpserver", mcp_server_reconciler(shared).reconcile, 64, of_namespace=16
            ),
            temporal_connections=self._queue("temporalconnection", connections.reconcile, 4),
        )

    def _queue(
        self,
        name: str,
        reconcile: Callable[[Key], Coroutine[None, None, timedelta | None]],
        concurrency: int,
        *,
        of_namespace: int | None = None,
    ) -> WorkQueue[Key]:
        return WorkQueue(
            name,
            reconcile,
            concurrency=concurrency,
            logger=self._shared.logger,
            lane_of=lambda key: key.namespace,
            width=of_namespace,
            measure=self._shared.measures.reconciled,
            about_of=lambda key: object_fields(name, key, self.world),
        )
