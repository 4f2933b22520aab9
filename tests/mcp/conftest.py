"""The servers that the tests share, and a worker's view of them."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from agents_crds.contract.mcp import StdioTransport, Transport
from tests.mcp.asking import Asking, http, sse
from tests.mcp.processes import Restartable, running
from tests.standin.process import free_port
from tools.console import Console
from tools.parts.catalog import Part
from tools.parts.obtain import obtain_parts


@pytest.fixture(scope="session")
def everything_program() -> str:
    [path] = obtain_parts([Part.MCP_SERVER_EVERYTHING], Console()).values()
    return str(path)


@pytest.fixture(scope="session", params=["stdio", "sse", "streamableHttp"])
def everything(request: pytest.FixtureRequest, everything_program: str) -> Iterator[Transport]:
    """The reference server of MCP's makers, in each of its modes."""
    if request.param == "stdio":
        yield StdioTransport(command=everything_program, args=("stdio",))
        return
    port = free_port()
    with running((everything_program, request.param), port, {"PORT": str(port)}):
        yield sse(port) if request.param == "sse" else http(port)


@pytest.fixture(scope="session")
def python_http() -> Iterator[Transport]:
    server = Restartable("streamable-http")
    server.start()
    yield http(server.port)
    server.kill()


@pytest.fixture(params=["sse", "streamable-http"])
def restartable(request: pytest.FixtureRequest) -> Iterator[tuple[Restartable, Transport]]:
    server = Restartable(request.param)
    server.start()
    yield server, sse(server.port) if request.param == "sse" else http(server.port)
    server.kill()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    (folder / "tools").mkdir(parents=True)
    (folder / "tools" / "token").write_text("s3cret-t0ken\n")
    return folder


@pytest_asyncio.fixture
async def asking(secrets: Path, everything_program: str) -> AsyncIterator[Asking]:
    asking = Asking(secrets, (sys.executable, everything_program, "false", "sleep", "sh", "no-such-command"))
    yield asking
    await asking.servers.close()
