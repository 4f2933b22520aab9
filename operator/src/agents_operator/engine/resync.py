"""Compares the world with the API server, for what a watch that was cut off does not bring."""

from agents_operator.engine.world import Cache, Key, World
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import (
    AGENT_RUNS,
    AGENTS,
    MODEL_PROVIDERS,
    UNFINISHED,
    WORKER_POOLS,
    M,
    Resource,
)


class Resync:
    """Lists what is there: after an expired watch kopf lists anew, and does not tell what was deleted."""

    def __init__(self, api: KubernetesApi, world: World, namespaces: tuple[str, ...]) -> None:
        self._api = api
        self._world = world
        self._namespaces = namespaces

    async def sweep(self) -> None:
        """See every object that is there and forget the others; a list that fails forgets nothing."""
        await self.see_definitions()
        await self._compare(AGENT_RUNS, self._world.runs, UNFINISHED)

    async def see_definitions(self) -> None:
        """Do so for everything that runs refer to."""
        await self._compare(MODEL_PROVIDERS, self._world.providers)
        await self._compare(WORKER_POOLS, self._world.pools)
        await self._compare(AGENTS, self._world.agents)

    async def _compare(self, resource: Resource[M], cache: Cache[M], field_selector: str = "") -> None:
        # What comes while the list is being made is not missed from it.
        known = [Key.of(stored) for stored in cache]
        listed: set[Key] = set()
        async for page in self._api.pages_within(resource, self._namespaces, field_selector=field_selector):
            for stored in page:
                cache.see(stored)
                listed.add(Key.of(stored))
        for key in known:
            if key not in listed:
                cache.forget(key)
