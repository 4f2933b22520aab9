"""Operator and worker get to Temporal by TLS and API key, and tell what keeps them out."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from temporalio.client import Client

from agents_crds.contract import CONTRACT
from agents_crds.contract.connection import TemporalAccess, TemporalUnavailableError
from agents_operator.temporal.connection import connect
from tests.workflows.bench import bench_tools, serving, settings_of
from tests.workflows.temporal import describe_tools
from tests.workflows.tls import Certificates, Terminator, terminating_tls
from tests.workflows.worker_process import ROOT
from tools.local.ports import free_ports

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOG = logging.getLogger("test")
LOG.setLevel(logging.INFO)


class WorkerPod:
    """A worker as its container starts it, and as the kubelet sees it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process, self._port, self._log = process, port, log

    async def ask(self, path: str) -> tuple[int, str]:
        async with httpx2.AsyncClient() as http:
            response = await http.get(f"http://127.0.0.1:{self._port}/{path}", timeout=5)
        return response.status_code, response.text

    async def answers(self, path: str, status: int, text: str) -> None:
        """Wait until it answers so."""
        last: object = "nothing"
        try:
            async with asyncio.timeout(30):
                while True:
                    try:
                        last = answered = await self.ask(path)
                        if answered[0] == status and text in answered[1]:
                            return
                    except httpx2.ConnectError:
                        assert self.process.returncode is None, self._log.read_text()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"/{path} answered {last}\n{self._log.read_text()}") from None

    async def ends_when_told(self, *, within: float) -> int:
        """Ask it to end, as the kubelet does, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(within):
            return await self.process.wait()


@asynccontextmanager
async def worker_pod(variables: Mapping[str, str], log: Path) -> AsyncIterator[WorkerPod]:
    (port,) = free_ports(1)
    variables = {
        "TEMPORAL_DEPLOYMENT_NAME": "test/ns/tls",
        "TEMPORAL_WORKER_BUILD_ID": "b1",
        "DURABLE_AGENTS_POOL_QUEUE": "test/ns/pools/tls",
        "DURABLE_AGENTS_HEALTH_PORT": str(port),
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "agents_worker", env=os.environ | variables, stdout=output, stderr=output
        )
    try:
        yield WorkerPod(process, port, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates.made(tmp_path_factory.mktemp("certificates"))


@pytest_asyncio.fixture(loop_scope="session")
async def guarded(temporal: Client, certificates: Certificates) -> AsyncIterator[Terminator]:
    """The Temporal server, for those with a certificate."""
    async with terminating_tls(certificates, temporal.service_client.config.target_host) as terminator:
        yield terminator


async def test_operator_gets_in_with_its_certificate(guarded: Terminator, certificates: Certificates) -> None:
    connection = TemporalAccess.of_environment(certificates.variables(guarded.address))
    client = await connect(connection)
    assert client.identity == "operator"
    assert await client.service_client.check_health()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"TEMPORAL_TLS_CLIENT_CERT_PATH": "", "TEMPORAL_TLS_CLIENT_KEY_PATH": ""}, "get_system_info"),
        ({"TEMPORAL_TLS_SERVER_CA_CERT_PATH": ""}, "UnknownIssuer"),
        ({"TEMPORAL_TLS_SERVER_NAME": "other.test"}, "NotValidForName"),
        ({"TEMPORAL_TLS": "false"}, "Failed client connect"),
    ],
    ids=["no certificate", "an authority it does not know", "another server's name", "no TLS"],
)
async def test_who_is_not_let_in_is_told_why(
    guarded: Terminator, certificates: Certificates, changes: dict[str, str], says: str
) -> None:
    connection = TemporalAccess.of_environment(certificates.variables(guarded.address) | changes)
    with pytest.raises(TemporalUnavailableError, match=says):
        await connection.connect()


async def test_worker_serves_its_queue_through_tls(
    temporal: Client, guarded: Terminator, certificates: Certificates, tmp_path: Path
) -> None:
    async with worker_pod(certificates.variables(guarded.address), tmp_path / "log") as worker:
        await worker.answers("readyz", 200, "ok")
        catalogue = await describe_tools(temporal, "test/ns/pools/tls", "test/ns/tls", "b1")
        assert await worker.ends_when_told(within=10) == 0
    assert catalogue.contract == CONTRACT


async def test_a_rotated_api_key_is_what_a_running_worker_shows(
    temporal: Client,
    guarded: Terminator,
    certificates: Certificates,
    secrets: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    key_file = tmp_path / "api-key"
    key_file.write_text("one\n")
    variables = certificates.variables(guarded.address) | {
        "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE": str(key_file)
    }
    connection = TemporalAccess.of_environment(variables)
    settings = settings_of(secrets, pool_queue="test/ns/pools/rotation")
    client = await connection.connect()
    assert guarded.heard_key("one")
    async with (
        connection.following_secrets(client, LOG, not_ended, every=0.05),
        serving(client, settings, bench_tools()),
    ):
        for useless, told in ((None, "cannot be read"), ("", "is empty"), ("t\no", "is no API key")):
            key_file.unlink() if useless is None else key_file.write_text(useless)
            await logged(caplog, told)
        assert client.api_key == "one"
        key_file.write_text("two")
        async with asyncio.timeout(20):
            while not guarded.heard_key("two"):
                await describe_tools(
                    temporal, settings.pool_queue, settings.deployment_name, settings.build_id
                )


async def test_a_rotated_certificate_ends_a_worker_once_it_gets_in_with_the_new_one(
    guarded: Terminator, certificates: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = tmp_path / "client.crt"
    own.write_bytes(certificates.content("client.crt"))
    variables = certificates.variables(guarded.address) | {"TEMPORAL_TLS_CLIENT_CERT_PATH": str(own)}
    connection = TemporalAccess.of_environment(variables)
    client, ended = await connection.connect(), asyncio.Event()
    async with connection.following_secrets(client, LOG, ended.set, every=0.05):
        own.write_text("half of a cert")
        await logged(caplog, "stay as they were")
        assert not ended.is_set()
        own.write_bytes(certificates.another_client())
        async with asyncio.timeout(20):
            await ended.wait()
    assert "ending, to connect with the new one" in caplog.text


def not_ended() -> None:
    raise AssertionError("the certificate is the same")


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until that is in the log."""
    async with asyncio.timeout(20):
        while text not in caplog.text:  # noqa: ASYNC110 -- the log has no event for it
            await asyncio.sleep(0.02)


async def test_worker_without_its_secrets_is_alive_and_waits_for_them(
    guarded: Terminator, certificates: Certificates, tmp_path: Path
) -> None:
    variables = certificates.variables(guarded.address) | {
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(tmp_path / "authority" / "ca.crt"),
        "DURABLE_AGENTS_SECRETS_DIR": str(tmp_path),
    }
    async with worker_pod(variables, tmp_path / "log") as worker:
        await worker.answers(
            "readyz", 503, "give Secret authority in the namespace of this pod the key ca.crt"
        )
        assert await worker.ask("healthz") == (200, "ok\n")
        (tmp_path / "authority").mkdir()
        (tmp_path / "authority" / "ca.crt").symlink_to(certificates.path("ca.crt"))
        await worker.answers("readyz", 200, "ok")


async def test_worker_that_waits_for_temporal_ends_at_once(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    async with worker_pod({"TEMPORAL_ADDRESS": address}, tmp_path / "log") as worker:
        await worker.answers("readyz", 503, f"waiting for Temporal at {address}: ")
        assert await worker.ask("healthz") == (200, "ok\n")
        assert await worker.ends_when_told(within=2) == 0


async def test_worker_that_a_silent_server_keeps_waiting_ends_at_once(tmp_path: Path) -> None:
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    address = "{}:{}".format(*silent.sockets[0].getsockname())
    async with silent, worker_pod({"TEMPORAL_ADDRESS": address}, tmp_path / "log") as worker:
        await worker.answers("readyz", 503, f"waiting for Temporal at {address}")
        assert await worker.ends_when_told(within=2) == 0


async def test_worker_that_imports_its_tools_ends_at_once(tmp_path: Path) -> None:
    # As a container's first process it would go on, if it left SIGTERM to its default.
    (tmp_path / "slow_tools.py").write_text("import time\ntime.sleep(600)\n")
    variables = {
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "PYTHONPATH": f"{ROOT}:{tmp_path}",
        "WORKER_MODULES": "slow_tools",
    }
    async with worker_pod(variables, tmp_path / "log") as worker:
        await worker.answers("readyz", 503, "loading the tools")
        assert await worker.ask("healthz") == (200, "ok\n")
        assert await worker.ends_when_told(within=2) == 0
