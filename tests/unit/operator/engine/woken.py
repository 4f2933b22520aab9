"""A world whose changes wake queues, and who was woken."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from agents_crds.v1alpha1 import (
    Agent,
    AgentRun,
    MCPServer,
    ModelProvider,
    TemporalConnection,
    WorkerPool,
)
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.wake import Queues, Wake
from agents_operator.engine.world import Key, World
from tests.unit.operator.engine.driving import driven, until_idle

Watched = Agent | AgentRun | MCPServer | ModelProvider | TemporalConnection | WorkerPool


def see(world: World, stored: Watched) -> None:
    """Remember an object, whatever its kind."""
    match stored:
        case Agent():
            world.agents.see(stored)
        case AgentRun():
            world.runs.see(stored)
        case ModelProvider():
            world.providers.see(stored)
        case WorkerPool():
            world.pools.see(stored)
        case MCPServer():
            world.mcp_servers.see(stored)
        case TemporalConnection():
            world.temporal_connections.see(stored)


@dataclass(frozen=True)
class Change:
    """What is known, what comes then, and whom that wakes."""

    title: str
    known: tuple[Watched, ...]
    then: Watched
    woken: set[str]


class Woken:
    """A world, and queues that only note what they were woken for."""

    def __init__(self) -> None:
        self.world = World()
        self._noted: set[str] = set()
        self._queues = Queues(
            agents=self._queue("agent"),
            runs=self._queue("run"),
            providers=self._queue("provider"),
            pools=self._queue("pool"),
            scaling=self._queue("scaling"),
            mcp_servers=self._queue("mcp server"),
            temporal_connections=self._queue("temporal connection"),
        )
        self.wake = Wake(self.world, self._queues)
        self.world.listen(self.wake)

    @classmethod
    async def knowing(cls, *stored: Watched) -> "Woken":
        """Make a world that has these, with nobody left to wake."""
        woken = cls()
        for each in stored:
            woken.see(each)
        await woken.woken()
        return woken

    def see(self, stored: Watched) -> None:
        see(self.world, stored)

    def forget(self, stored: Watched) -> None:
        world = self.world
        for cache in (world.agents, world.runs, world.providers, world.pools, world.mcp_servers):
            if cache.get(Key.of(stored)) is not None:
                cache.forget(Key.of(stored))

    async def woken(self) -> set[str]:
        """Return whom the changes since the last call have woken."""
        async with driven(*self._queues.all):
            await until_idle(*self._queues.all)
        noted, self._noted = self._noted, set()
        return noted

    def _queue(self, kind: str) -> WorkQueue[Key]:
        async def note(key: Key) -> timedelta | None:
            self._noted.add(f"{kind} {key.name}")
            return None

        return WorkQueue(kind, note, concurrency=1, logger=logging.getLogger("test"))
