"""Reconciles the objects of a namespace one at a time, in the order that a test says."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import aiohttp
import httpx2

from agents_crds.contract.mcp import McpFailure, McpTarget, McpText
from agents_operator.agents import AgentReconciler
from agents_operator.agents.instructions import PromptReader
from agents_operator.agents.prompts import Prompts
from agents_operator.agents.sources import ConfigMapTexts
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Cache, Key, World
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
from agents_operator.mistral import MistralConnections
from agents_operator.providers import ProviderReconciler
from agents_operator.temporal.builds import NoWorkerError
from agents_operator.temporal.mcp import PoolBuild
from tests.standin.control import StandIn
from tests.unit.operator.namespace import OPERATOR_NAMESPACE, Namespace

INSTALLATION = "tests"
RETRY = timedelta(seconds=10)
INTERVAL = timedelta(minutes=10)
DELETION_TIMEOUT = timedelta(minutes=10)


class Bench(Namespace):
    """A namespace, what the operator has seen of it, and its reconcilers."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        http: httpx2.AsyncClient,
        namespace: str,
        urls: Mapping[str, str],
    ) -> None:
        super().__init__(session, namespace, urls)
        self.ahead = timedelta()
        """How far the operator's clock is ahead of the real one."""
        self._http = http
        self.operate()

    def operate(self, installation: str = INSTALLATION) -> None:
        """Start an operator that has seen nothing yet."""
        logger = logging.getLogger("tests")
        self.world = World()
        events = Events(self.api, "tests", logger)
        self._providers = ProviderReconciler(
            self.world,
            Settle(MODEL_PROVIDERS, self.world.providers, self.api, events, now=self.now),
            Secrets(self.api),
            MistralConnections(self._http),
            interval=INTERVAL,
            retry_interval=RETRY,
            now=self.now,
            logger=logger,
        )
        self._agents = AgentReconciler(
            self.world,
            Settle(AGENTS, self.world.agents, self.api, events, now=self.now),
            self.api,
            events=events,
            configmaps=ConfigMaps(self.api, OPERATOR_NAMESPACE),
            providers=self._providers.access,
            prompts=self._prompts(logger),
            installation=installation,
            interval=INTERVAL,
            retry_interval=RETRY,
            deletion_timeout=DELETION_TIMEOUT,
            now=self.now,
            logger=logger,
        )

    def _prompts(self, logger: logging.Logger) -> PromptReader:
        self.woken: set[Key] = set()
        """The Agents that a change of their instructions has woken."""
        self.texts = ConfigMapTexts(self.world, ConfigMapReader(self.api), self.woken.add)
        prompts = Prompts(
            self.world, nobody_asks, self.woken.add, retry_interval=RETRY, now=self.now, logger=logger
        )
        return PromptReader(self.world, self.texts, prompts, retry_interval=RETRY, now=self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def reconcile(self, name: str = "finance") -> timedelta | None:
        """Show the operator everything as it is, and let it reconcile an Agent."""
        await self.see_everything()
        agent = self.world.agents.named(self.namespace, name)
        assert agent is not None
        return await self._agents.reconcile(Key.of(agent))

    async def reconcile_provider(self, name: str = "default") -> timedelta | None:
        await self.see_everything()
        provider = self.world.providers.named(self.namespace, name)
        assert provider is not None
        return await self._providers.reconcile(Key.of(provider))

    async def interrupted_by(
        self, change: Callable[[], Awaitable[None]], standin: StandIn, hold: str
    ) -> None:
        """Reconcile, and do something else while the provider holds a request."""
        reconciling = asyncio.create_task(self.reconcile())
        await asyncio.to_thread(standin.wait_until_held, hold)
        await change()
        standin.release(hold)
        await reconciling

    async def see_everything(self) -> None:
        await self._see(AGENTS, self.world.agents)
        await self._see(AGENT_RUNS, self.world.runs)
        await self._see(MODEL_PROVIDERS, self.world.providers)
        await self._see(WORKER_POOLS, self.world.pools)
        await self._see(MCP_SERVERS, self.world.mcp_servers)

    async def _see(self, resource: Resource[M], cache: Cache[M]) -> None:
        there: set[Key] = set()
        async for page in self.api.pages(resource, namespace=self.namespace):
            for stored in page:
                cache.see(stored)
                there.add(Key.of(stored))
        for stored in cache:
            if Key.of(stored) not in there:
                cache.forget(Key.of(stored))


async def nobody_asks(
    _workers: PoolBuild, _target: McpTarget, _prompt: str, _arguments: Mapping[str, str]
) -> McpText | McpFailure:
    """Be a pool without workers."""
    raise NoWorkerError("there are none")
