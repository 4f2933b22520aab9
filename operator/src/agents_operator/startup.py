"""Waits for the servers that the operator cannot do without."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp

from agents_crds.contract.connection import TemporalUnavailableError
from agents_operator.engine.queue import backoff

T = TypeVar("T")


async def until_reachable(
    what: str, attempt: Callable[[], Awaitable[T]], wait_for: Callable[[str], None], logger: logging.Logger
) -> T:
    """Return what `attempt` returns, once the server answers it; anything but its absence propagates.

    `wait_for` is told what is waited for, and why.
    """
    failures = 0
    wait_for(what)
    while True:
        try:
            return await attempt()
        except (aiohttp.ClientConnectionError, TimeoutError, TemporalUnavailableError) as error:
            failures += 1
            pause = min(backoff(failures).total_seconds(), 10.0)
            why = str(error) or type(error).__name__
            wait_for(f"{what}: {why}")
            logger.warning("waiting for %s, next attempt in %.0f s: %s", what, pause, why)
            await asyncio.sleep(pause)
