"""One Temporal server, one stand-in and one worker for all tests; each test has its own agents and runs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from mistralai.client import Mistral
from temporalio.client import Client

from tests.standin.control import StandIn
from tests.standin.process import running_standin
from tests.standin.scenario import Scenario
from tests.workflows.bench import (
    KEY,
    POOL_QUEUE,
    Bench,
    Reports,
    bench_tools,
    mistral_client,
    serving,
    settings_of,
    taking_reports,
)
from tests.workflows.other_pool import OtherPool, serving_other_pool
from tests.workflows.own_workflows import Resolving, developers_worker
from tests.workflows.temporal import temporal_server


@pytest.fixture(scope="session")
def standin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running_standin(log=tmp_path_factory.mktemp("standin") / "log") as standin:
        yield standin


@pytest.fixture
def standin(standin_process: StandIn) -> Iterator[StandIn]:
    """Give the stand-in without a trace of other tests."""
    yield standin_process
    standin_process.release()
    standin_process.remove_faults()
    standin_process.set_scenario(Scenario())
    standin_process.reset()


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "provider").mkdir()
    (folder / "provider" / "api-key").write_text(f"{KEY}\n")
    return folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal() -> AsyncIterator[Client]:
    async with temporal_server() as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reports(temporal: Client, secrets: Path) -> AsyncIterator[Reports]:
    """Serve the queues of the pool, of its provider and of the operator."""
    async with (
        taking_reports(temporal) as reports,
        serving(temporal, settings_of(secrets), bench_tools()),
    ):
        yield reports


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def other_pool(temporal: Client) -> AsyncIterator[OtherPool]:
    async with serving_other_pool(temporal, bench_tools()) as pool:
        yield pool


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mistral(standin_process: StandIn) -> AsyncIterator[Mistral]:
    async with mistral_client(standin_process) as mistral:
        yield mistral


@pytest.fixture
def bench(temporal: Client, standin: StandIn, mistral: Mistral, reports: Reports, secrets: Path) -> Bench:
    return Bench(temporal, standin, mistral, reports, secrets, bench_tools())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def resolving(temporal: Client) -> AsyncIterator[Resolving]:
    async with developers_worker(temporal, POOL_QUEUE) as resolving:
        yield resolving
