"""One control plane with the kinds installed for all tests of this folder, and a namespace for each."""

import itertools
from collections.abc import Iterator

import pytest

from tests.crds.apiserver import ApiServer, client
from tests.crds.namespace import Namespace
from tools.console import Console
from tools.local.control_plane import ControlPlane
from tools.local.install import install_kinds
from tools.parts.obtain import obtain


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    directory = tmp_path_factory.mktemp("control-plane")
    with ControlPlane(directory, obtain(Console()), install=install_kinds).running() as running:
        yield running


@pytest.fixture(scope="session")
def api(control_plane: ControlPlane) -> Iterator[ApiServer]:
    with client(control_plane.kubeconfig()) as connection:
        yield ApiServer(connection)


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def namespace(control_plane: ControlPlane, api: ApiServer, numbers: Iterator[int]) -> Namespace:
    """A namespace of the test's own."""
    name = f"test-{next(numbers)}"
    assert api.send("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).accepted
    return Namespace(name, api, control_plane.kubectl())
