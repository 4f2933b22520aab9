"""Reconciles the objects of a namespace one at a time, in the order that a test says."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

import aiohttp
import httpx2

from agents_operator.agents import AgentReconciler
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Cache, Key, World
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MODEL_PROVIDERS,
    WORKER_POOLS,
    M,
    Resource,
)
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mistral import MistralConnections
from agents_operator.providers import ProviderReconciler
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
            installation=installation,
            interval=INTERVAL,
            retry_interval=RETRY,
            deletion_timeout=DELETION_TIMEOUT,
            now=self.now,
            logger=logger,
        )

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

    async def _see(self, resource: Resource[M], cache: Cache[M]) -> None:
        there: set[Key] = set()
        async for page in self.api.pages(resource, namespace=self.namespace):
            for stored in page:
                cache.see(stored)
                there.add(Key.of(stored))
        for stored in cache:
            if Key.of(stored) not in there:
                cache.forget(Key.of(stored))
