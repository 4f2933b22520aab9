"""Heartbeats, by which Temporal learns within seconds that a call died with its worker."""

import asyncio
from collections.abc import AsyncIterator, Sequence
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
    """Lets tools that run in a thread call `activity.heartbeat()`, and keeps the details of what they tell.

    Temporal does the first for sync activities, but here every tool is called by one async activity.
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
        self._details: Sequence[Any] = following.info().heartbeat_details

    def heartbeat(self, *details: Any) -> None:
        self._loop.call_soon_threadsafe(self._beat, details)

    def _beat(self, details: Sequence[Any]) -> None:
        # A beat replaces the one before: without details, as in the background, it repeats the last ones.
        self._details = details or self._details
        self.next.heartbeat(*self._details)
