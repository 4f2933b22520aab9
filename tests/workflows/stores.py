"""Stores for payloads: a directory, and an S3 server that nobody here wrote."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx2
from mistralai.client import Mistral
from temporalio.client import Client

from agents_crds.contract.conversion import PayloadSettings
from agents_crds.contract.store import Bucket, Directory
from tests.standin.control import StandIn
from tests.workflows.bench import Bench, bench_tools, serving, settings_of, taking_reports
from tests.workflows.temporal import temporal_server
from tools.local.ports import free_ports

BUCKET = "payloads"


@asynccontextmanager
async def s3_server(port: int, log: Path) -> AsyncIterator[None]:
    """Run an S3 server with one bucket for the length of the block."""
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    output = await asyncio.to_thread(log.open, "ab")
    with output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
    try:
        async with asyncio.timeout(30), httpx2.AsyncClient(trust_env=False) as http:
            while not await _made(http, port):
                assert process.returncode is None, f"see {log}"
                await asyncio.sleep(0.1)
        yield
    finally:
        process.kill()
        await process.wait()


async def _made(http: httpx2.AsyncClient, port: int) -> bool:
    try:
        answer = await http.put(f"http://127.0.0.1:{port}/{BUCKET}")
    except httpx2.TransportError:
        return False
    return answer.status_code == 200


def bucket_at(port: int, folder: Path) -> Bucket:
    """Name the server's bucket, and write its key into files."""
    access, secret = folder / "access-key", folder / "secret-key"
    access.write_text("key\n")
    secret.write_text("secret\n")
    return Bucket(
        BUCKET,
        "ours",
        endpoint=f"http://127.0.0.1:{port}",
        region="us-east-1",
        access_key_file=access,
        secret_key_file=secret,
    )


@asynccontextmanager
async def store_of_kind(kind: str, folder: Path) -> AsyncIterator[PayloadSettings]:
    """Have a store, `directory` or `s3`, for the length of the block."""
    if kind == "directory":
        yield PayloadSettings(Directory(folder / "store"))
        return
    (port,) = free_ports(1)
    async with s3_server(port, folder / "s3-log"):
        yield PayloadSettings(bucket_at(port, folder))


@asynccontextmanager
async def bench_with(
    payloads: PayloadSettings, standin: StandIn, mistral: Mistral, secrets: Path
) -> AsyncIterator[Bench]:
    """Run a server, its workers and the operator's side, with all that they tell Temporal kept so."""
    async with AsyncExitStack() as stack:
        client: Client = await stack.enter_async_context(temporal_server(payloads=payloads))
        reports = await stack.enter_async_context(taking_reports(client))
        await stack.enter_async_context(serving(client, settings_of(secrets), bench_tools()))
        yield Bench(client, standin, mistral, reports, secrets, bench_tools())
