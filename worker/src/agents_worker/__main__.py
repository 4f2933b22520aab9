"""The worker process: serves its queues until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from temporalio.client import Client
from temporalio.worker import Worker

from agents_crds.contract.connection import TemporalConnection, TemporalUnavailableError
from agents_crds.contract.environment import WorkerVariable
from agents_worker.activities.mcp import McpCalls
from agents_worker.activities.model import ModelCalls
from agents_worker.activities.room import Room
from agents_worker.activities.tools import ToolCalls
from agents_worker.health import Health, serve_health
from agents_worker.last_words import is_explained, last_words, leave
from agents_worker.sessions.providers import Providers, provider_http
from agents_worker.sessions.verdict import Patience
from agents_worker.settings import Settings
from agents_worker.tools.offer import Tools, load_tools
from agents_worker.workers import TOOL_CALLS, build_workers

_log = logging.getLogger("agents_worker")
_CONNECT_PAUSE_SECONDS = 3.0

T = TypeVar("T")


async def serve(
    settings: Settings, connection: TemporalConnection, tools: Tools, health: Health, stop: asyncio.Event
) -> None:
    """Connect and serve until `stop`; then finish the activities in flight."""
    client = await _unless(stop, _connect(connection, health))
    if client is None:
        return
    threads = ThreadPoolExecutor(TOOL_CALLS, thread_name_prefix="tool")
    async with (
        provider_http() as http,
        McpCalls(client, settings) as mcp,
        connection.following_secrets(client, _log, stop.set),
    ):
        room = Room.of(client.data_converter)
        models = ModelCalls(Providers(http, settings.secrets_dir, room.for_answer), Patience(), room)
        workers = build_workers(client, settings, models, ToolCalls(tools, threads, room), mcp)
        names = ", ".join(tool.name for tool in tools.tools) or "no tools"
        _log.info("Serving %s as build %s with %s", settings.pool_queue, settings.build_id, names)
        await _run(workers, health, stop)
    # A tool that hangs in its thread must not keep the process.
    threads.shutdown(wait=False, cancel_futures=True)


async def _connect(connection: TemporalConnection, health: Health) -> Client:
    """Connect as soon as Temporal answers and the Secrets for it are there."""
    server = f"Temporal at {connection.address}"
    health.wait_for(server)
    while True:
        try:
            return await connection.connect()
        except TemporalUnavailableError as error:
            health.wait_for(f"{server}: {error}")
            _log.warning("Waiting for %s: %s", server, error)
        await asyncio.sleep(_CONNECT_PAUSE_SECONDS)


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """Return what the work returns, or None when `stop` comes first."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if working.done():
        return working.result()
    working.cancel()
    return None


async def _run(workers: Sequence[Worker], health: Health, stop: asyncio.Event) -> None:
    """Run the workers until `stop`, or until one fails, which stops the others and is raised."""
    running = [asyncio.create_task(worker.run()) for worker in workers]
    health.attend(workers)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((*running, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    health.stop()
    _log.info("Stopping: the activities in flight are finished first")
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)


async def _serve_until_told(
    settings: Settings, connection: TemporalConnection, tools: Tools, health: Health
) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    beating = asyncio.create_task(health.beat(), name="heart")
    await serve(settings, connection, tools, health, stop)
    beating.cancel()


def _run_process() -> None:
    """Read the settings, load the tools and serve."""
    settings = Settings.of_environment()
    connection = TemporalConnection.of_environment(os.environ)
    health = Health()
    with serve_health(health, settings.health_port):
        tools = load_tools(settings.modules)
        asyncio.run(_serve_until_told(settings, connection, tools, health))


def _leave(*_: object) -> None:
    """End at once: nothing is served yet. A container's first process would go on without a handler."""
    os._exit(0)


def main() -> None:
    """Run until the process is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGTERM, _leave)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request says nothing new
    for name in ("mcp", "client"):  # the MCP SDK's, with what servers say; a session's failure is told once
        logging.getLogger(name).setLevel(logging.CRITICAL)
    code = 1
    try:
        _run_process()
        code = 0
    # Whatever ends the process must get to the log before the process is left.
    except Exception as error:  # noqa: BLE001
        words, explained = last_words(error), is_explained(error)
        code = 2 if explained else 1
        _log.error("%s", words, exc_info=None if explained else error)
        leave(words, os.environ.get(WorkerVariable.TERMINATION_LOG))
    finally:
        # Not by returning: about one in ten exits crashed while Temporal's runtime was torn down.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
