"""Keys that wait for their turn, so that many of one kind do not hold up the others."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Lanes(Generic[K]):
    """Hands out keys in their order, but of each lane only `width` until one of them is done."""

    def __init__(self, lane_of: Callable[[K], Hashable], width: int) -> None:
        self._lane_of = lane_of
        self._width = width
        self._ready = asyncio.Queue[K]()
        self._waiting: defaultdict[Hashable, deque[K]] = defaultdict(deque)
        self._let_in = Counter[Hashable]()

    def put(self, key: K) -> None:
        """Let a key wait for its turn."""
        lane = self._lane_of(key)
        if self._let_in[lane] < self._width:
            self._let_in[lane] += 1
            self._ready.put_nowait(key)
        else:
            self._waiting[lane].append(key)

    async def get(self) -> K:
        """Return the next key; it is `done` later."""
        return await self._ready.get()

    def done(self, key: K) -> None:
        """Let the next key of its lane take the place of one that was handed out, behind all others."""
        lane = self._lane_of(key)
        if waiting := self._waiting.get(lane):
            self._ready.put_nowait(waiting.popleft())
            return
        self._waiting.pop(lane, None)
        self._let_in[lane] -= 1
        if not self._let_in[lane]:
            del self._let_in[lane]
