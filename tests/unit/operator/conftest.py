"""An API server and two accounts on Mistral's side for all tests of this folder, and a namespace for each."""

import itertools
import ssl
from collections.abc import AsyncIterator, Iterator

import aiohttp
import httpx2
import pytest

from tests.standin.control import StandIn
from tests.standin.process import running_standin
from tests.unit.operator.bench import Bench
from tests.unit.operator.hand import KEY, NO_AUTHORITIES, OTHER_KEY
from tools.console import Console
from tools.local.control_plane import ControlPlane
from tools.local.install import install_kinds
from tools.local.kubeconfig import read_kubeconfig
from tools.parts.obtain import obtain


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    directory = tmp_path_factory.mktemp("control-plane")
    with ControlPlane(directory, obtain(Console()), install=install_kinds).running() as running:
        yield running


@pytest.fixture(scope="session")
def namespaces() -> Iterator[str]:
    return (f"team-{number}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, StandIn]]:
    directory = tmp_path_factory.mktemp("standin")
    with (
        running_standin("--api-key", KEY, log=directory / "log") as one,
        running_standin("--api-key", OTHER_KEY, log=directory / "other.log") as other,
    ):
        yield one, other


@pytest.fixture
def standin(accounts: tuple[StandIn, StandIn]) -> StandIn:
    return _emptied(accounts[0], KEY)


@pytest.fixture
def other_standin(accounts: tuple[StandIn, StandIn]) -> StandIn:
    return _emptied(accounts[1], OTHER_KEY)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(verify=NO_AUTHORITIES) as client:
        yield client


@pytest.fixture
async def session(control_plane: ControlPlane) -> AsyncIterator[aiohttp.ClientSession]:
    server = read_kubeconfig(control_plane.kubeconfig().read_text())
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=server.authority))
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(
        base_url=f"{server.address}/", connector=connector, headers=headers
    ) as session:
        yield session


@pytest.fixture
async def bench(
    session: aiohttp.ClientSession,
    http: httpx2.AsyncClient,
    standin: StandIn,
    other_standin: StandIn,
    namespaces: Iterator[str],
) -> Bench:
    """A namespace with a ModelProvider and a WorkerPool that are Ready."""
    bench = Bench(session, http, next(namespaces), {"default": standin.url, "other": other_standin.url})
    await bench.set_up()
    return bench


def _emptied(standin: StandIn, key: str) -> StandIn:
    standin.remove_faults()
    standin.release()
    standin.reset()
    standin.set_keys([key])
    return standin
