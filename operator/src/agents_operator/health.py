"""Liveness and readiness over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key

# The queue gives a reconcile up after 120 s: one that goes on for longer blocks the event loop's tasks.
STUCK_RECONCILE = 300.0
BEAT = 1.0
LONGEST_PAUSE = 10.0


class Health:
    """Serves /healthz (the process works and does not hang) and /readyz (it does its job).

    Both from the very start: an operator that waits for a server is alive, and says what it waits for.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._waiting: Callable[[], str] = lambda: "starting"
        self._standing: Callable[[], str] = lambda: ""
        self._queues: tuple[WorkQueue[Key], ...] = ()
        self._beaten = self._now()

    def wait_for(self, what: str) -> None:
        """Say what keeps the operator from its job."""
        self._waiting = lambda: f"waiting for {what}"

    def attend(
        self, waiting: Callable[[], str], queues: tuple[WorkQueue[Key], ...], standing: Callable[[], str]
    ) -> None:
        """Be ready while `waiting` says nothing, and alive as long as no reconcile of the queues is stuck.

        `standing` says what else there is to say of one that is ready, such as that it stands by.
        """
        self._waiting, self._queues, self._standing = waiting, queues, standing

    @asynccontextmanager
    async def serve(self, port: int) -> AsyncIterator[None]:
        """Serve while the block runs."""
        application = web.Application()
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        heart = asyncio.create_task(self._beat(), name="heart")
        try:
            await web.TCPSite(runner, port=port).start()
            yield
        finally:
            heart.cancel()
            await runner.cleanup()

    async def _beat(self) -> None:
        while True:
            self._beaten = self._now()
            await asyncio.sleep(BEAT)

    async def _healthz(self, _: web.Request) -> web.Response:
        paused = self._now() - self._beaten
        longest = max((queue.longest for queue in self._queues), default=0.0)
        if paused > LONGEST_PAUSE:
            return _answer(503, f"the event loop stood still for {paused:.0f} s")
        if longest > STUCK_RECONCILE:
            return _answer(503, f"a reconcile has been going on for {longest:.0f} s")
        return _answer(200, "ok")

    async def _readyz(self, _: web.Request) -> web.Response:
        why = self._waiting()
        return _answer(503, why) if why else _answer(200, self._standing() or "ok")


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
