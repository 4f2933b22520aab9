"""Waits for the servers that the operator cannot do without."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp

from agents_crds.contract.connection import TemporalUnavailableError
from agents_operator.engine.queue import backoff
from agents_operator.engine.served import PERMISSIONS
from agents_operator.kubernetes.errors import ApiServerError, ForbiddenError

T = TypeVar("T")


async def until_reachable(
    what: str, attempt: Callable[[], Awaitable[T]], wait_for: Callable[[str], None], logger: logging.Logger
) -> T:
    """Return what `attempt` returns, once the server can and does answer it; anything else propagates.

    `wait_for` is told what is waited for, and why.
    """
    failures = 0
    wait_for(what)
    while True:
        try:
            return await attempt()
        except (
            aiohttp.ClientConnectionError,
            TimeoutError,
            TemporalUnavailableError,
            ApiServerError,
        ) as error:
            failures += 1
            pause = min(backoff(failures).total_seconds(), 10.0)
            why = explained(error)
            wait_for(f"{what}: {why}")
            logger.warning("waiting for %s, next attempt in %.0f s: %s", what, pause, why)
            await asyncio.sleep(pause)


def explained(error: Exception) -> str:
    """Say what keeps a server from answering, and what to do where a right is missing."""
    match error:
        case ForbiddenError():
            return f"{error}; {PERMISSIONS}"
        case _:
            return str(error) or type(error).__name__
