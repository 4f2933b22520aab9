from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.console import Console
from tools.local.control_plane import ControlPlane
from tools.local.processes import Processes
from tools.parts.catalog import Parts
from tools.parts.obtain import obtain


@pytest.fixture(scope="session")
def parts() -> Parts:
    return obtain(Console())


@pytest.fixture(scope="module")
def control_plane(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("kube"), parts).running() as running:
        yield running


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    with Processes.tethered(tmp_path) as tethered:
        yield tethered
