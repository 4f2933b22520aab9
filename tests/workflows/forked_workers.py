"""Workers as processes that start at once: they come from one that has imported their code already."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from multiprocessing import get_context
from pathlib import Path


def _serve(variables: Mapping[str, str], log: Path) -> None:
    os.environ.update(variables)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    from agents_worker.__main__ import main  # noqa: PLC0415  # only here, where it is loaded already

    main()


@asynccontextmanager
async def forked_worker(variables: Mapping[str, str], log: Path) -> AsyncIterator[None]:
    """Run a worker for the length of the block, once it serves; then kill it (SIGKILL)."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["agents_worker.__main__", "agents_worker.sessions.remote"])
    process = context.Process(target=_serve, args=(dict(variables), log), daemon=True)
    await asyncio.to_thread(process.start)
    try:
        await _serves(log)
        yield
        assert process.is_alive(), f"the worker ended by itself: see {log}"
    finally:
        process.kill()
        await asyncio.to_thread(process.join)


async def _serves(log: Path) -> None:
    async with asyncio.timeout(60):
        while not (log.exists() and "Serving" in log.read_text()):  # noqa: ASYNC110, ASYNC240  # a process
            await asyncio.sleep(0.02)
