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
from agents_operator.conversations import ConversationSweep
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.repeat import Sweep, repeat
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
from agents_operator.runs.departures import Departures
from agents_operator.runs.expiry import RunExpiry
from agents_operator.runs.progress import ProgressReport
from agents_operator.runs.reconcile import RunReconciler
from agents_operator.runs.record import Outcomes
from agents_operator.runs.report import Report
from agents_operator.runs.resolve import Resolve
from agents_operator.runs.shutdown import Shutdowns
from agents_operator.runs.sweep import RunSweep
from agents_operator.settings import Settings
from agents_operator.temporal.builds import WorkerBuilds
from agents_operator.temporal.mcp import McpWorkflows
from agents_operator.temporal.workflows import Workflows


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
        retention: timedelta | None,
        state_attribute: bool,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._settings, self._installation, self._clients = settings, installation, clients
        self._target, self._served = target, served
        self._retention, self._state_attribute = retention, state_attribute
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
        self._departures = Departures(
            self.world,
            clients.api,
            self._workflows,
            installation=installation,
            grace=settings.cancel_grace,
            now=now,
            logger=logger,
        )
        self.queues = self._queues()
        self.world.listen(Wake(self.world, self.queues))
        self._outcomes = Outcomes(self.world, self.queues.runs, self._run_settle, clients.api, now=now)
        self._progress = ProgressReport(self._outcomes, self._run_settle, self._workflows)
        self.report = Report(self._outcomes, self._progress, installation, retention=retention)
        self.resolve = Resolve(
            self.world, clients.api, served, installation=installation, state_attribute=state_attribute
        )
        self.mcp_changes = McpServerChanges(self.world.mcp_servers, self.queues.mcp_servers, installation)

    async def run(self) -> None:
        """Reconcile and sweep until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for queue in self.queues.all:
                tasks.create_task(queue.run())
            tasks.create_task(self._prompts.queue.run())
            for interval, sweep in self._sweeps():
                tasks.create_task(repeat(interval, sweep, self._logger))

    def _wake_agent(self, key: Key) -> None:
        self.queues.agents.add(key)

    def _queues(self) -> Queues:
        providers = self._providers()
        self._access = providers.access
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
            shutdowns=Shutdowns(
                self._workflows,
                self._run_settle,
                installation=self._installation,
                grace=self._settings.shutdown_grace,
                cancel_grace=self._settings.cancel_grace,
                retention=self._retention,
                now=self._now,
                logger=self._logger,
            ),
            departures=self._departures,
            installation=self._installation,
            state_attribute=self._state_attribute,
            now=self._now,
            logger=self._logger,
        )

    def _sweeps(self) -> tuple[tuple[timedelta, Sweep], ...]:
        runs = RunSweep(
            self.world,
            self.queues.runs,
            self._workflows,
            self._outcomes,
            self._progress,
            installation=self._installation,
            settled=self._settings.sweep_settled,
            writes=self._settings.progress_writes,
            retention=self._retention,
            now=self._now,
            logger=self._logger,
        )
        expiry = RunExpiry(self._clients.api, self._served.now, now=self._now, logger=self._logger)
        return (
            (self._settings.resync_interval, self.resync.sweep),
            (self._settings.source_interval, self._texts.sweep),
            (self._settings.conversation_interval, self._conversations().sweep),
            (self._settings.sweep_interval, expiry.sweep),
            (self._settings.sweep_interval, runs.sweep),
        )

    def _conversations(self) -> ConversationSweep:
        return ConversationSweep(
            self.world,
            self._clients.api,
            self._access,
            self._workflows.is_open,
            self._served.now,
            installation=self._installation,
            settled=self._settings.conversation_settled,
            now=self._now,
            logger=self._logger,
        )

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
