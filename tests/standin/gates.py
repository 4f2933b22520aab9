"""Gates at which requests wait until a test releases them."""

import asyncio
from collections import Counter, defaultdict


class Gates:
    """One gate for each hold rule, by the rule's id."""

    def __init__(self) -> None:
        self._open: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._waiting: Counter[str] = Counter()
        self._moved = asyncio.Condition()

    async def wait(self, gate: str) -> None:
        """Wait until the gate is released."""
        await self._count(gate, 1)
        try:
            await self._open[gate].wait()
        finally:
            await self._count(gate, -1)

    def release(self, gate: str) -> None:
        """Let everyone at the gate go on."""
        self._open[gate].set()

    def release_all(self) -> None:
        """Let everyone go on."""
        for gate in self._open:
            self.release(gate)

    def waiting(self, gate: str | None) -> int:
        """Count who waits at one gate, or at all of them."""
        return self._waiting.total() if gate is None else self._waiting[gate]

    async def until(self, gate: str | None, at_least: int, seconds: float) -> int:
        """Wait until that many wait, or the time is over; give their number."""
        async with self._moved:
            try:
                async with asyncio.timeout(seconds):
                    await self._moved.wait_for(lambda: self.waiting(gate) >= at_least)
            except TimeoutError:
                return self.waiting(gate)
        return self.waiting(gate)

    async def _count(self, gate: str, change: int) -> None:
        self._waiting[gate] += change
        async with self._moved:
            self._moved.notify_all()
