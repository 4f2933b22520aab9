"""Puts the world, the reconcilers and their queues together."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
from temporalio.client import Client

from agents_crds.v1alpha1 import ConditionType
from agents_operator.agents import AgentReconciler
from agents_operator.agents.instructions import PromptReader
from agents_operator.agents.prompts import Prompts
from agents_operator.agents.sources import ConfigMapTexts
from agents_operator.engine.outages import OUTAGES
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.resync import Resync
from agents_operator.engine.served import Served
from agents_operator.engine.settle import Settle
from agents_operator.engine.wake import Queues, Wake
from agents_operator.engine.world import Cache, Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.configmaps import ConfigMapReader, ConfigMaps
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MCP_SERVERS,
    MODEL_PROVIDERS,
    WORKER_POOLS,
    M,
    Resource,
)
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mcpservers.changed import McpServerChanges
from agents_operator.mcpservers.reconcile import McpServerReconciler
from agents_operator.mistral import MistralConnections
from agents_operator.pools.reconcile import PoolReconciler
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.providers import ProviderReconciler
from agents_operator.runs.expiry import RunExpiry
from agents_operator.runs.reconcile import RunReconciler
from agents_operator.runs.record import Outcomes
from agents_operator.runs.report import Report
from agents_operator.runs.sweep import RunSweep
from agents_operator.settings import Settings
from agents_operator.temporal.builds import WorkerBuilds
from agents_operator.temporal.mcp import McpWorkflows
from agents_operator.temporal.workflows import Workflows

Sweep = Callable[[], Coroutine[None, None, None]]


@dataclass(frozen=True)
class Clients:
    """Everything the operator talks to."""

    api: KubernetesApi
    events: Events
    temporal: Client
    http: httpx2.AsyncClient


class Controllers:
    """The reconcilers of all kinds over one world."""

    def __init__(
        self,
        settings: Settings,
        installation: str,
        clients: Clients,
        target: TemporalTarget,
        served: Served,
        *,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._settings, self._installation, self._clients = settings, installation, clients
        self._target, self._served = target, served
        self._now, self._logger = now, logger
        self.world = World()
        self.resync = Resync(clients.api, self.world, served.now, logger)
        self._run_settle = Settle(
            AGENT_RUNS,
            self.world.runs,
            clients.api,
            clients.events,
            now=now,
            summary=ConditionType.SUCCEEDED,
            undone="Unknown",
        )
        self._workflows = Workflows(clients.temporal)
        self._mcp = McpWorkflows(clients.temporal, installation)
        self._texts = ConfigMapTexts(self.world, ConfigMapReader(clients.api), self._wake_agent)
        self._prompts = Prompts(
            self.world,
            self._mcp.get_prompt,
            self._wake_agent,
            retry_interval=settings.retry_interval,
            now=now,
            logger=logger,
        )
        self.queues = self._queues()
        self.world.listen(Wake(self.world, self.queues))
        self._outcomes = Outcomes(self.world, self.queues.runs, self._run_settle, clients.api, now=now)
        self.report = Report(self._outcomes, installation)
        self.mcp_changes = McpServerChanges(self.world.mcp_servers, self.queues.mcp_servers, installation)

    async def run(self) -> None:
        """Reconcile and sweep until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for queue in self.queues.all:
                tasks.create_task(queue.run())
            tasks.create_task(self._prompts.queue.run())
            tasks.create_task(self._repeat(self._settings.resync_interval, self.resync.sweep))
            tasks.create_task(self._repeat(self._settings.source_interval, self._texts.sweep))
            for sweep in self._sweeps():
                tasks.create_task(self._repeat(self._settings.sweep_interval, sweep))

    def _wake_agent(self, key: Key) -> None:
        self.queues.agents.add(key)

    def _queues(self) -> Queues:
        providers = self._providers()
        return Queues(
            # Bounds the requests to a provider.
            agents=self._queue("agent", self._agents(providers).reconcile, 8),
            # A start and its record take some 15 ms of waiting: 16 at once keep the loop busy.
            runs=self._queue("agentrun", self._runs().reconcile, 16),
            providers=self._queue("modelprovider", providers.reconcile, 4),
            # A probe waits up to 10 s for a worker.
            pools=self._queue("workerpool", self._pools().reconcile, 16, of_namespace=4),
            # Each waits for its server, which may be one that hangs.
            mcp_servers=self._queue("mcpserver", self._mcp_servers().reconcile, 64, of_namespace=16),
        )

    def _providers(self) -> ProviderReconciler:
        return ProviderReconciler(
            self.world,
            self._settle(MODEL_PROVIDERS, self.world.providers),
            Secrets(self._clients.api),
            MistralConnections(self._clients.http),
            interval=self._settings.provider_interval,
            retry_interval=self._settings.retry_interval,
            now=self._now,
            logger=self._logger,
        )

    def _agents(self, providers: ProviderReconciler) -> AgentReconciler:
        return AgentReconciler(
            self.world,
            self._settle(AGENTS, self.world.agents),
            self._clients.api,
            events=self._clients.events,
            configmaps=ConfigMaps(self._clients.api, self._settings.namespace),
            providers=providers.access,
            prompts=PromptReader(
                self.world,
                self._texts,
                self._prompts,
                retry_interval=self._settings.retry_interval,
                now=self._now,
            ),
            installation=self._installation,
            interval=self._settings.agent_interval,
            retry_interval=self._settings.retry_interval,
            deletion_timeout=self._settings.deletion_timeout,
            now=self._now,
            logger=self._logger,
        )

    def _pools(self) -> PoolReconciler:
        return PoolReconciler(
            self.world,
            self._settle(WORKER_POOLS, self.world.pools),
            self._clients.api,
            WorkerBuilds(self._clients.temporal),
            installation=self._installation,
            temporal=self._target,
            interval=self._settings.agent_interval,
            now=self._now,
            logger=self._logger,
        )

    def _mcp_servers(self) -> McpServerReconciler:
        return McpServerReconciler(
            self.world,
            self._settle(MCP_SERVERS, self.world.mcp_servers),
            self._mcp,
            retry_interval=self._settings.retry_interval,
            now=self._now,
        )

    def _runs(self) -> RunReconciler:
        return RunReconciler(
            self.world,
            self._run_settle,
            self._clients.api,
            self._workflows,
            installation=self._installation,
            cancel_grace=self._settings.cancel_grace,
            now=self._now,
            logger=self._logger,
        )

    def _sweeps(self) -> tuple[Sweep, ...]:
        runs = RunSweep(
            self.world,
            self.queues.runs,
            self._workflows,
            self._outcomes,
            installation=self._installation,
            settled=self._settings.sweep_settled,
            now=self._now,
            logger=self._logger,
        )
        expiry = RunExpiry(self._clients.api, self._served.now, now=self._now, logger=self._logger)
        return (expiry.sweep, runs.sweep)

    async def _repeat(self, interval: timedelta, sweep: Sweep) -> None:
        while True:
            await asyncio.sleep(interval.total_seconds())
            try:
                await sweep()
            except OUTAGES as error:
                self._logger.warning("a sweep was cut short and will be repeated: %s", error)
            except Exception:
                # What one object provokes must not end the operator.
                self._logger.exception("a sweep failed and will be repeated")

    def _settle(self, resource: Resource[M], cache: Cache[M]) -> Settle[M]:
        return Settle(resource, cache, self._clients.api, self._clients.events, now=self._now)

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
            logger=self._logger,
            lane_of=lambda key: key.namespace,
            width=of_namespace,
        )
