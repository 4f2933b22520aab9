"""The worker process: serves its queues until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from agents_worker.activities.model import ModelCalls
from agents_worker.activities.tools import ToolCalls
from agents_worker.sessions.providers import Providers, provider_http
from agents_worker.sessions.verdict import Patience
from agents_worker.settings import Settings
from agents_worker.tools.errors import ToolDefinitionError
from agents_worker.tools.offer import Tools, load_tools
from agents_worker.workers import TOOL_CALLS, build_workers

_log = logging.getLogger("agents_worker")
_CONNECT_PAUSE_SECONDS = 3.0


async def serve(settings: Settings, tools: Tools, stop: asyncio.Event) -> None:
    """Connect and serve until `stop`; then finish the activities in flight."""
    client = await _connect(settings, stop)
    if client is None:
        return
    threads = ThreadPoolExecutor(TOOL_CALLS, thread_name_prefix="tool")
    async with provider_http() as http:
        models = ModelCalls(Providers(http, settings.secrets_dir), Patience())
        workers = build_workers(client, settings, models, ToolCalls(tools, threads))
        names = ", ".join(tool.name for tool in tools.tools) or "no tools"
        _log.info("Serving %s as build %s with %s", settings.pool_queue, settings.build_id, names)
        await _run(workers, stop)
    # A tool that hangs in its thread must not keep the process.
    threads.shutdown(wait=False, cancel_futures=True)


async def _connect(settings: Settings, stop: asyncio.Event) -> Client | None:
    """Connect as soon as Temporal answers; None when told to stop before."""
    while not stop.is_set():
        try:
            return await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                data_converter=pydantic_data_converter,
            )
        except RuntimeError as error:
            _log.warning("Temporal at %s cannot be reached yet: %s", settings.temporal_address, error)
        try:
            async with asyncio.timeout(_CONNECT_PAUSE_SECONDS):
                await stop.wait()
        except TimeoutError:
            continue
    return None


async def _run(workers: Sequence[Worker], stop: asyncio.Event) -> None:
    """Run the workers until `stop`, or until one fails, which stops the others and is raised."""
    running = [asyncio.create_task(worker.run()) for worker in workers]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((*running, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    _log.info("Stopping: the activities in flight are finished first")
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)


async def _serve_until_told(settings: Settings, tools: Tools) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    await serve(settings, tools, stop)


def _run_process() -> int:
    """Read the settings, load the tools and serve; returns the exit code."""
    try:
        settings = Settings()
    except ValidationError as error:
        _log.error("The environment is not what a worker needs: %s", _problems(error))
        return 2
    try:
        tools = load_tools(settings.modules)
    except ToolDefinitionError as error:
        _log.error("The tools cannot be offered: %s", error)
        return 2
    asyncio.run(_serve_until_told(settings, tools))
    return 0


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()
    )


def main() -> None:
    """Run until the process is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each request says nothing new
    code = 1
    try:
        code = _run_process()
    # Whatever ends the process must get to the log before the process is left.
    except Exception:  # noqa: BLE001
        _log.exception("The worker failed")
    finally:
        # Not by returning: about one in ten exits crashed while Temporal's runtime was torn down.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
