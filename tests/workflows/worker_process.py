"""The worker as its own process, as the image starts it."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client

from agents_crds.contract.environment import WorkerVariable
from agents_worker.settings import Settings

ROOT = Path(__file__).parents[2]


async def start_worker(
    temporal: Client,
    settings: Settings,
    log: Path,
    left: Path | None = None,
    *,
    provider_queues: Sequence[str] = (),
) -> Process:
    """Start `python -m agents_worker` with the settings as its environment; `left` is for its last words."""
    variables = environment_of(temporal, settings, left, provider_queues=provider_queues)
    output = await asyncio.to_thread(log.open, "ab")
    with output:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agents_worker", env=os.environ | variables, stdout=output, stderr=output
        )


def environment_of(
    temporal: Client, settings: Settings, left: Path | None = None, *, provider_queues: Sequence[str] = ()
) -> dict[str, str]:
    """Give a worker's environment variables, as the operator would."""
    variables = {
        WorkerVariable.TEMPORAL_ADDRESS: temporal.service_client.config.target_host,
        WorkerVariable.TEMPORAL_NAMESPACE: temporal.namespace,
        WorkerVariable.DEPLOYMENT_NAME: settings.deployment_name,
        WorkerVariable.BUILD_ID: settings.build_id,
        WorkerVariable.POOL_QUEUE: settings.pool_queue,
        WorkerVariable.PROVIDER_QUEUES: json.dumps(provider_queues),
        WorkerVariable.SECRETS_DIR: str(settings.secrets_dir),
        WorkerVariable.MODULES: ",".join(settings.modules),
        WorkerVariable.GRACE: str(settings.grace),
        "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
    }
    if left:
        variables[WorkerVariable.TERMINATION_LOG] = str(left)
    if settings.health_port:
        variables[WorkerVariable.HEALTH_PORT] = str(settings.health_port)
    return variables


@asynccontextmanager
async def worker_process(
    temporal: Client,
    settings: Settings,
    log: Path,
    left: Path | None = None,
    *,
    provider_queues: Sequence[str] = (),
) -> AsyncIterator[Process]:
    """Run the worker for the length of the block, and kill it if it still runs then."""
    process = await start_worker(temporal, settings, log, left, provider_queues=provider_queues)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def appeared(path: Path) -> None:
    """Wait until a tool has left its mark."""
    async with asyncio.timeout(20):
        while not path.exists():  # noqa: ASYNC110, ASYNC240  # another process writes it
            await asyncio.sleep(0.02)
