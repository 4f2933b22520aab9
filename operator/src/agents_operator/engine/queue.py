"""A queue of keys: each is worked on by one task at a time, and again if it was added meanwhile."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from agents_crds.telemetry.about import about
from agents_operator.engine.lanes import Lanes
from agents_operator.engine.outages import OUTAGES

K = TypeVar("K", bound=Hashable)

FIRST_RETRY = 1.0
LAST_RETRY = 300.0
# Every request has a deadline of its own; this one is for a server that makes us send them without end.
LONGEST_RECONCILE = 120.0

Measure = Callable[[str, float, bool], None]
"""Hears of each attempt: the queue's name, the seconds that it took, and whether it failed."""


class WorkQueue(Generic[K]):
    """Drives one reconcile function over the keys that were added, now or after a while."""

    def __init__(
        self,
        name: str,
        reconcile: Callable[[K], Awaitable[timedelta | None]],
        *,
        concurrency: int,
        logger: logging.Logger,
        lane_of: Callable[[K], Hashable] = lambda _: None,
        width: int | None = None,
        measure: Measure = lambda *_: None,
        about_of: Callable[[K], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """Of the keys of one lane no more than `width` are worked on at once, all by default.

        `about_of` returns what lines of the log tell that are written meanwhile.
        """
        self.name = name
        self._measure = measure
        self._about_of = about_of
        self._reconcile = reconcile
        self._concurrency = concurrency
        self._logger = logger
        self._ready = Lanes(lane_of, width or concurrency)
        self._queued: set[K] = set()
        self._running: dict[K, float] = {}
        self._again: set[K] = set()
        self._finishing = False
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._locks: WeakValueDictionary[K, asyncio.Lock] = WeakValueDictionary()

    def add(self, key: K) -> None:
        """Reconcile the key as soon as a task is free; a later time that was set for it is dropped."""
        self._cancel_timer(key)
        if key in self._running:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put(key)

    def add_after(self, key: K, delay: timedelta) -> None:
        """Reconcile the key after a while, unless it is added earlier; only the latest time counts."""
        self._cancel_timer(key)
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(delay.total_seconds(), self.add, key)

    def __len__(self) -> int:
        return len(self._queued) + len(self._running)

    @property
    def longest(self) -> float:
        """Seconds since the oldest reconcile that is going on has begun; any thread may ask."""
        now = time.monotonic()
        return max((now - since for since in tuple(self._running.values())), default=0.0)

    @asynccontextmanager
    async def exclusive(self, key: K) -> AsyncIterator[None]:
        """Keep the key from being reconciled while something else writes its object."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield

    async def finish(self) -> None:
        """Take up nothing more, and return when what is being worked on is done."""
        self._finishing = True
        for key in tuple(self._running):
            async with self.exclusive(key):
                pass

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._concurrency):
                tasks.create_task(self._work(), name=f"{self.name}-{number}")

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            if self._finishing:
                return
            self._queued.discard(key)
            self._running[key] = time.monotonic()
            try:
                with about(**self._about_of(key)):
                    await self._attempt(key)
            finally:
                del self._running[key]
                self._ready.done(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    async def _attempt(self, key: K) -> None:
        try:
            async with self.exclusive(key), asyncio.timeout(LONGEST_RECONCILE):
                delay = await self._reconcile(key)
        except Exception as error:  # noqa: BLE001 -- whatever one object provokes, the others go on
            delay = self._failed(key, error)
        else:
            self._failures.pop(key, None)
        self._measure(self.name, time.monotonic() - self._running[key], key in self._failures)
        if delay is not None:
            self.add_after(key, delay)

    def _failed(self, key: K, error: Exception) -> timedelta:
        """Count a failure and return the pause; only what was not foreseen is worth a traceback."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = backoff(failures)
        self._logger.warning(
            "%s %s failed, next attempt in %.0f s: %s",
            self.name,
            key,
            delay.total_seconds(),
            error,
            exc_info=None if isinstance(error, OUTAGES) else error,
        )
        return delay

    def _cancel_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def backoff(failures: int) -> timedelta:
    """Return the pause after so many failures in a row: doubling from 1 s to 300 s, spread by ±20 %."""
    pause = min(FIRST_RETRY * 2 ** min(failures - 1, 16), LAST_RETRY)
    return jittered(timedelta(seconds=pause))


def jittered(pause: timedelta) -> timedelta:
    """Spread a pause by ±20 %, so that objects that were touched together do not stay together."""
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, guards nothing
