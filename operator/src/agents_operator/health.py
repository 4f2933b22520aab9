"""Liveness and readiness over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key

# The queue gives a reconcile up after 120 s: one that goes on for longer blocks the event loop's tasks.
STUCK_RECONCILE = 300.0
BEAT = 1.0
LONGEST_PAUSE = 10.0


class Health:
    """Serves /healthz (the process works and does not hang) and /readyz (it does its job)."""

    def __init__(self, watching: asyncio.Event, queues: tuple[WorkQueue[Key], ...]) -> None:
        self._watching = watching
        self._queues = queues
        self._beaten = time.monotonic()

    @asynccontextmanager
    async def serve(self, port: int) -> AsyncIterator[None]:
        """Serve while the block runs."""
        application = web.Application()
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, port=port).start()
        heart = asyncio.create_task(self._beat(), name="heart")
        try:
            yield
        finally:
            heart.cancel()
            await runner.cleanup()

    async def _beat(self) -> None:
        while True:
            self._beaten = time.monotonic()
            await asyncio.sleep(BEAT)

    async def _healthz(self, _: web.Request) -> web.Response:
        paused = time.monotonic() - self._beaten
        longest = max((queue.longest for queue in self._queues), default=0.0)
        if paused > LONGEST_PAUSE:
            return web.Response(status=503, text=f"the event loop stood still for {paused:.0f} s\n")
        if longest > STUCK_RECONCILE:
            return web.Response(status=503, text=f"a reconcile has been going on for {longest:.0f} s\n")
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        if not self._watching.is_set():
            return web.Response(status=503, text="not yet watching the API server\n")
        return web.Response(text="ok\n")
