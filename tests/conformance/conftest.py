"""One account for all tests: what a test asks of it once, others look at."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio
from pydantic import SecretStr

from agents_operator.mistral import MistralAgent
from tests.conformance.account import Account, open_account
from tests.conformance.ledger import Ledger
from tests.conformance.samples import teller
from tests.conformance.server import NoKeyError, Server, real_server
from tests.standin.control import StandIn
from tests.standin.process import running_standin
from tests.standin.scenario import Scenario

MOST_CALLS = 50
LAST_LOOK = 2
"""Calls that list what is left at the end."""
PACE = timedelta(seconds=1.1)
"""An account without a plan may send one request a second."""

_LEDGER = pytest.StashKey[Ledger]()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        real = real_server(os.environ)
    except NoKeyError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    if real is not None:
        yield real
        return
    key = secrets.token_hex(8)
    log = tmp_path_factory.mktemp("standin") / "log"
    with running_standin("--api-key", key, log=log) as standin:
        yield Server(standin.url, SecretStr(key), standin=standin)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def account(server: Server, pytestconfig: pytest.Config) -> AsyncIterator[Account]:
    """The account, in which nothing is left afterwards; the stand-in's has the bound of a real one."""
    ledger = Ledger(MOST_CALLS - LAST_LOOK, timedelta() if server.standin else PACE)
    pytestconfig.stash[_LEDGER] = ledger
    async with open_account(server, ledger) as account:
        yield account
        await account.delete_all()
        ledger.limit = MOST_CALLS
        assert await account.left() == [], "still in the account: delete it by hand"


@pytest.fixture
def standin(server: Server) -> Iterator[StandIn]:
    """The stand-in, for what a real server does not do on demand."""
    if server.standin is None:
        pytest.skip("needs a fault that a real server does not show on demand")
    yield server.standin
    server.standin.remove_faults()
    server.standin.set_scenario(Scenario())


@pytest_asyncio.fixture(loop_scope="session")
async def spare(standin: StandIn, server: Server) -> AsyncIterator[Account]:
    """Another account at the stand-in, with calls without end."""
    assert standin is server.standin
    async with open_account(server, Ledger(limit=1000)) as account:
        yield account
        await account.delete_all()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def teller_agent(account: Account) -> MistralAgent:
    """An agent that has a function, and answers by a schema."""
    return await account.create("teller", teller(account))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell how many calls were made."""
    ledger = config.stash.get(_LEDGER, None)
    if ledger is not None:
        terminalreporter.write_line(
            f"tests/conformance: {ledger.spent} calls, {MOST_CALLS} are the most; "
            f"{len(ledger.made)} things not deleted"
        )
