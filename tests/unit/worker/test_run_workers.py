"""The end of the worker process; a Temporal that makes a worker fail so cannot be had on demand."""

import asyncio
from datetime import timedelta
from typing import cast

import pytest
from temporalio.worker import Worker

from agents_worker.__main__ import Fatal, run_workers
from agents_worker.health import Health


class Stuck:
    """A worker that fails, and never comes to its end."""

    def __init__(self, fatal: Fatal) -> None:
        self._fatal = fatal

    async def run(self) -> None:
        await self._fatal.note(RuntimeError("Temporal answers 404"))
        await asyncio.Event().wait()

    async def shutdown(self) -> None:
        await asyncio.Event().wait()


async def test_worker_that_fails_and_cannot_end_does_not_keep_the_process() -> None:
    fatal = Fatal()
    stuck = cast("Worker", Stuck(fatal))
    with pytest.raises(RuntimeError, match="Temporal answers 404"):
        await run_workers((stuck,), Health(), asyncio.Event(), fatal, longest_stop=timedelta(milliseconds=50))
