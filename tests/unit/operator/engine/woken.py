"""A world whose changes wake queues, and who was woken."""

import logging
from datetime import timedelta

from agents_crds.v1alpha1 import Agent, AgentRun, ModelProvider, WorkerPool
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.wake import Queues, Wake
from agents_operator.engine.world import Key, World
from tests.unit.operator.engine.driving import driven, until_idle

Watched = Agent | AgentRun | ModelProvider | WorkerPool


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
        )
        self.world.listen(Wake(self.world, self._queues))

    def see(self, stored: Watched) -> None:
        match stored:
            case Agent():
                self.world.agents.see(stored)
            case AgentRun():
                self.world.runs.see(stored)
            case ModelProvider():
                self.world.providers.see(stored)
            case WorkerPool():
                self.world.pools.see(stored)

    def forget(self, stored: Watched) -> None:
        for cache in (self.world.agents, self.world.runs, self.world.providers, self.world.pools):
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
