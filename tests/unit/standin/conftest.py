"""One stand-in process for all tests of this folder, emptied before each."""

from collections.abc import Iterator

import pytest
from mistralai.client import Mistral

from tests.standin.control import StandIn
from tests.standin.process import running_standin
from tests.standin.scenario import Scenario
from tests.unit.standin.samples import KEY


@pytest.fixture(scope="session")
def standin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    log = tmp_path_factory.mktemp("standin") / "log"
    with running_standin("--api-key", KEY, log=log) as standin:
        yield standin


@pytest.fixture
def standin(standin_process: StandIn) -> StandIn:
    standin_process.reset()
    standin_process.set_keys([KEY])
    standin_process.set_scenario(Scenario())
    return standin_process


@pytest.fixture(scope="session")
def client(standin_process: StandIn) -> Iterator[Mistral]:
    with Mistral(api_key=KEY, server_url=standin_process.url, timeout_ms=20_000) as client:
        yield client


@pytest.fixture
def mistral(client: Mistral, standin: StandIn) -> Mistral:
    assert standin.agents() == ()
    return client
