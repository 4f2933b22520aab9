"""An operator that its servers keep waiting: alive, not ready, and quick to end."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.component.platform import Operator, Platform
from tests.user import eventually
from tools.local.ports import free_ports
from tools.local.processes import Processes
from tools.local.temporal import TemporalPorts, TemporalServer

NOBODY = "https://127.0.0.1:9"
WAITING = "waiting for Temporal at 127.0.0.1:"


@pytest.fixture
def own_temporal(tmp_path: Path) -> TemporalServer:
    """A Temporal server that nobody has started yet."""
    return TemporalServer(tmp_path, TemporalPorts(*free_ports(3)), durable=True)


@pytest.fixture
def lonely(platform: Platform, processes: Processes, own_temporal: TemporalServer) -> Iterator[Operator]:
    """An operator, just started, with that server and a namespace of its own."""
    extra = {
        "TEMPORAL_ADDRESS": own_temporal.address,
        "DURABLE_AGENTS_INSTALLATION": "lonely",
        "DURABLE_AGENTS_WATCH_NAMESPACES": "lonely",
    }
    operator = platform.operator(processes, name="lonely-operator", extra=extra)
    processes.start(operator.service.command)
    yield operator
    operator.stop()


def answers(operator: Operator, path: str) -> tuple[int, str]:
    try:
        return operator.answers(path)
    except httpx2.ConnectError:
        return 0, "nothing listens"


def becomes(operator: Operator, path: str, status: int, text: str = "") -> None:
    eventually(lambda: answers(operator, path), lambda seen: seen[0] == status and seen[1].startswith(text))


def handles_sigterm(operator: Operator) -> bool:
    """Whether it would end as a container's first process, for which SIGTERM has no default."""
    pid = operator.processes.pid(operator.service.name)
    caught = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
    assert caught is not None
    return bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


def test_operator_that_waits_for_the_api_server_is_alive_says_so_and_ends_at_once(
    platform: Platform, processes: Processes, tmp_path: Path
) -> None:
    kubeconfig = platform.control_plane.kubeconfig("operator").read_text()
    (tmp_path / "kubeconfig").write_text(kubeconfig.replace(platform.control_plane.server, NOBODY))
    extra = {"KUBECONFIG": str(tmp_path / "kubeconfig")}
    operator = platform.operator(processes, name="cut-off-operator", extra=extra)
    processes.start(operator.service.command)
    becomes(operator, "readyz", 503, "waiting for the API server: ")
    assert answers(operator, "healthz") == (200, "ok\n")
    assert handles_sigterm(operator)
    assert operator.asked_to_end(within=2)


def test_operator_that_waits_for_temporal_is_alive_says_so_and_ends_at_once(lonely: Operator) -> None:
    becomes(lonely, "readyz", 503, WAITING)
    assert answers(lonely, "healthz") == (200, "ok\n")
    assert handles_sigterm(lonely)
    before = len(lonely.log)
    assert lonely.asked_to_end(within=2)
    assert "Traceback" not in lonely.log[before:]


def test_operator_outlives_its_temporal_and_finds_it_again(
    lonely: Operator, own_temporal: TemporalServer
) -> None:
    becomes(lonely, "readyz", 503, WAITING)
    with own_temporal.running():
        becomes(lonely, "readyz", 200)
    assert answers(lonely, "healthz") == (200, "ok\n")
    with own_temporal.running():
        assert answers(lonely, "healthz") == (200, "ok\n")
        assert answers(lonely, "readyz") == (200, "ok\n")
    assert lonely.asked_to_end(within=20)
