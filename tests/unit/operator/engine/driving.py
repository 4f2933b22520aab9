"""Runs work queues for as long as a test needs them."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import TypeVar

from agents_operator.engine.queue import WorkQueue

K = TypeVar("K", bound=Hashable)

DEADLINE = 2.0


@asynccontextmanager
async def driven(*queues: WorkQueue[K]) -> AsyncIterator[None]:
    """Let the queues work while the block runs; they must not end before."""
    tasks = {asyncio.create_task(queue.run()) for queue in queues}
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)


async def until_idle(*queues: WorkQueue[K]) -> None:
    """Wait until nothing is queued and nothing goes on."""
    async with asyncio.timeout(DEADLINE):
        while any(map(len, queues)):  # noqa: ASYNC110 -- a queue has no use for an event of its own
            await asyncio.sleep(0)
