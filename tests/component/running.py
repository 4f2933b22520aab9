"""The fixtures of a platform that runs for the session; a conftest that wants it imports them."""

from collections.abc import Iterator

import pytest

from tests.component.platform import Platform, running_platform
from tools.console import Console
from tools.local.processes import Processes
from tools.parts.obtain import obtain


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, Processes]]:
    with running_platform(tmp_path_factory.mktemp("platform"), obtain(Console())) as running:
        yield running


@pytest.fixture(scope="session")
def platform(running: tuple[Platform, Processes]) -> Platform:
    return running[0]


@pytest.fixture(scope="session")
def processes(running: tuple[Platform, Processes]) -> Processes:
    return running[1]
