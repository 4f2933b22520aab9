"""Compares the world with the API server, for what a watch that was cut off does not bring."""

import logging
from collections.abc import Callable

from agents_operator.engine.served import Namespaces
from agents_operator.engine.world import Cache, Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MCP_SERVERS,
    MODEL_PROVIDERS,
    TEMPORAL_CONNECTIONS,
    UNFINISHED,
    WORKER_POOLS,
    M,
    Resource,
)


class Resync:
    """Lists what is there: after an expired watch kopf lists anew, and does not tell what was deleted."""

    def __init__(
        self, api: KubernetesApi, world: World, namespaces: Namespaces, logger: logging.Logger
    ) -> None:
        self._api = api
        self._world = world
        self._namespaces = namespaces
        self._logger = logger

    async def sweep(self) -> None:
        """See every object that is there and forget the others; a list that fails forgets nothing."""
        for namespace in self._namespaces():
            try:
                await self.see_definitions(namespace)
                see = await self._compare(AGENT_RUNS, self._world.runs, namespace, UNFINISHED)
                see()
            except ForbiddenError as error:
                # Such as a namespace that is going away: the others are still to be listed.
                self._logger.warning("namespace %s: not compared: %s", namespace or "(all)", error)

    async def see_definitions(self, namespace: str | None) -> None:
        """Do so for everything that the runs of a namespace, or of all (None), refer to, all at once.

        A pool that is seen before its TemporalConnection would be told that there is none, and before its
        Agents would go on to a build that lacks their tools.
        """
        compared = (
            await self._compare(MODEL_PROVIDERS, self._world.providers, namespace),
            await self._compare(TEMPORAL_CONNECTIONS, self._world.temporal_connections, namespace),
            await self._compare(WORKER_POOLS, self._world.pools, namespace),
            await self._compare(MCP_SERVERS, self._world.mcp_servers, namespace),
            await self._compare(AGENTS, self._world.agents, namespace),
        )
        for see in compared:
            see()

    async def _compare(
        self, resource: Resource[M], cache: Cache[M], namespace: str | None, field_selector: str = ""
    ) -> Callable[[], None]:
        """List what is there; return what shows it to the world."""
        # What comes while the list is being made is not missed from it.
        known = [Key.of(stored) for stored in (cache if namespace is None else cache.within(namespace))]
        pages = self._api.pages(resource, namespace=namespace, field_selector=field_selector)
        # Seen at once: an Agent of the first page may hand off to one of the last, which is not gone.
        listed = [stored async for page in pages for stored in page]
        there = {Key.of(stored) for stored in listed}

        def see() -> None:
            for stored in listed:
                cache.see(stored)
            for key in known:
                if key not in there:
                    cache.forget(key)

        return see
