"""Waits for the servers that the operator cannot do without."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp

from agents_operator.engine.queue import backoff

T = TypeVar("T")


async def until_reachable(what: str, attempt: Callable[[], Awaitable[T]], logger: logging.Logger) -> T:
    """Return what `attempt` returns, once the server answers it; anything but its absence propagates."""
    failures = 0
    while True:
        try:
            return await attempt()
        except (aiohttp.ClientConnectionError, TimeoutError, RuntimeError) as error:
            # Temporal's client raises RuntimeError when it cannot connect.
            failures += 1
            pause = min(backoff(failures).total_seconds(), 10.0)
            logger.warning("%s cannot be reached, next attempt in %.0f s: %s", what, pause, error)
            await asyncio.sleep(pause)
