"""The worker process: serves its queues until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import NoReturn, TypeVar

from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from agents_crds.contract.connection import TemporalAccess, TemporalUnavailableError
from agents_crds.contract.environment import WorkerVariable
from agents_crds.telemetry.logs import LogFormat, set_up_core, set_up_logging
from agents_crds.v1alpha1.fields import format_duration
from agents_worker.activities.chat import ChatCalls
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
from agents_worker.tracing.start import telling
from agents_worker.workers import TOOL_CALLS, build_workers

_log = logging.getLogger("agents_worker")
_CONNECT_PAUSE_SECONDS = 3.0
# More than the activities in flight get, and less than the kubelet gives the pod beyond that.
_STOP_MARGIN_SECONDS = 5.0

T = TypeVar("T")


async def serve(
    settings: Settings,
    connection: TemporalAccess,
    tools: Tools,
    health: Health,
    stop: asyncio.Event,
    *,
    interceptors: Sequence[Interceptor],
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
        providers, patience = Providers(http, settings.secrets_dir, room.for_answer), Patience()
        fatal = Fatal()
        workers = build_workers(
            client,
            settings,
            models=ModelCalls(providers, patience, room),
            chats=ChatCalls(providers, patience, room),
            tools=ToolCalls(tools, threads, room),
            mcp=mcp,
            interceptors=interceptors,
            failed=fatal.note,
        )
        names = ", ".join(tool.name for tool in tools.tools) or "no tools"
        _log.info("Serving %s as build %s with %s", settings.pool_queue, settings.build_id, names)
        longest_stop = timedelta(seconds=settings.grace + _STOP_MARGIN_SECONDS)
        await run_workers(workers, health, stop, fatal, longest_stop=longest_stop)
    # A tool that hangs in its thread must not keep the process.
    threads.shutdown(wait=False, cancel_futures=True)


async def _connect(connection: TemporalAccess, health: Health) -> Client:
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


class Fatal:
    """What a worker failed of, told before it ends: it may never come to its end."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.noted = asyncio.Event()

    async def note(self, error: BaseException) -> None:
        """Keep the first failure."""
        self.error = self.error or error
        self.noted.set()


async def run_workers(
    workers: Sequence[Worker],
    health: Health,
    stop: asyncio.Event,
    fatal: Fatal,
    *,
    longest_stop: timedelta,
) -> None:
    """Run the workers until `stop`, or until one fails, which stops the others and is raised."""
    running = [asyncio.create_task(worker.run()) for worker in workers]
    health.attend(workers)
    ends = [asyncio.create_task(stop.wait()), asyncio.create_task(fatal.noted.wait())]
    await asyncio.wait((*running, *ends), return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    health.stop()
    _log.info("Stopping: the activities in flight are finished first")
    stopping = [asyncio.create_task(worker.shutdown()) for worker in workers]
    # Not by a timeout around them, which would wait for what it cancels.
    ended, open_ = await asyncio.wait((*stopping, *running), timeout=longest_stop.total_seconds())
    if open_:
        _log.warning("The workers did not stop within %s", format_duration(longest_stop))
    if fatal.error is not None:
        raise fatal.error
    for task in ended:
        task.result()


async def _serve_until_told(
    settings: Settings,
    connection: TemporalAccess,
    tools: Tools,
    health: Health,
    *,
    interceptors: Sequence[Interceptor],
) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    beating = asyncio.create_task(health.beat(), name="heart")
    try:
        await serve(settings, connection, tools, health, stop, interceptors=interceptors)
    except Exception as error:  # noqa: BLE001  # asyncio would wait for what a failed worker leaves behind
        _end(error)
    beating.cancel()


def _run_process() -> None:
    """Read the settings, load the tools and serve."""
    settings = Settings.of_environment()
    connection = TemporalAccess.of_environment(os.environ)
    health = Health()
    with serve_health(health, settings.health_port), _metrics(settings) as interceptors:
        tools = load_tools(settings.modules)
        with telling(os.environ) as calls:
            asyncio.run(
                _serve_until_told(settings, connection, tools, health, interceptors=(calls, *interceptors))
            )


def _metrics(settings: Settings) -> AbstractContextManager[Sequence[Interceptor]]:
    if settings.metrics_port is None:
        set_up_core(settings.log_format)
        return nullcontext(())
    from agents_worker.metrics import serve_metrics  # noqa: PLC0415  # what nobody asks for need not load

    return serve_metrics(settings.metrics_port, settings.log_format)


def _leave(*_: object) -> None:
    """End at once: nothing is served yet. A container's first process would go on without a handler."""
    os._exit(0)


def _end(error: Exception | None = None) -> NoReturn:
    """Leave the process; what ends it gets to the log and to whoever looks at the pod first."""
    code = 0
    if error is not None:
        words, explained = last_words(error), is_explained(error)
        code = 2 if explained else 1
        _log.error("%s", words, exc_info=None if explained else error)
        leave(words, os.environ.get(WorkerVariable.TERMINATION_LOG))
    # Not by returning: about one in ten exits crashed while Temporal's runtime was torn down.
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)


def main() -> None:
    """Run until the process is told to stop."""
    set_up_logging(LogFormat.of(os.environ.get(WorkerVariable.LOG_FORMAT)), logging.INFO)
    signal.signal(signal.SIGTERM, _leave)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request says nothing new
    for name in ("mcp", "client"):  # the MCP SDK's, with what servers say; a session's failure is told once
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        _run_process()
    except Exception as error:  # noqa: BLE001  # whatever it is
        _end(error)
    _end()


if __name__ == "__main__":
    main()
