"""Heartbeats, by which Temporal learns within seconds that a call died with its worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, Interceptor

_INTERVAL_SECONDS = 3.0


@asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Beat in the background while the body runs."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(_INTERVAL_SECONDS)

    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()


class HeartbeatsFromThreads(Interceptor):
    """Lets tools that run in a thread call `activity.heartbeat()`.

    Temporal does this for sync activities, but here every tool is called by one async activity.
    """

    # Temporal names the argument `next`.
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wrap an activity."""
        return _Inbound(next)


class _Inbound(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(_Outbound(outbound, asyncio.get_running_loop()))


class _Outbound(ActivityOutboundInterceptor):
    def __init__(self, following: ActivityOutboundInterceptor, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(following)
        self._loop = loop

    def heartbeat(self, *details: Any) -> None:
        self._loop.call_soon_threadsafe(self.next.heartbeat, *details)
