"""What a worker says of itself to the probes of its pod."""

import asyncio
import threading

import httpx2
import pytest

from agents_worker.health import Health, serve_health
from agents_worker.pages import PortTakenError
from tools.local.ports import free_ports


def ask(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    response = httpx2.get(f"http://{host}:{port}/{path}", timeout=5)
    return response.status_code, response.text


def test_a_worker_tells_each_stage_of_its_life() -> None:
    health, (port,) = Health(), free_ports(1)
    with serve_health(health, port):
        assert ask(port, "readyz") == (503, "loading the tools\n")
        health.wait_for("Temporal at t:7233: Connection refused")
        assert ask(port, "readyz") == (503, "waiting for Temporal at t:7233: Connection refused\n")
        health.attend(())
        assert ask(port, "readyz") == (200, "ok\n")
        health.stop()
        assert ask(port, "readyz") == (503, "stopping: the activities in flight are finished first\n")
        assert ask(port, "healthz") == (200, "ok\n")
        assert ask(port, "metrics") == (404, "ask for /healthz or /readyz\n")


def test_nothing_listens_after_the_end() -> None:
    (port,) = free_ports(1)
    with serve_health(Health(), port):
        assert ask(port, "healthz")[0] == 200
    with pytest.raises(httpx2.ConnectError):
        ask(port, "healthz")


def test_a_port_that_something_else_has_is_named() -> None:
    (port,) = free_ports(1)
    with (
        serve_health(Health(), port),
        pytest.raises(PortTakenError, match=f"port {port} is taken, and the worker needs it"),
        serve_health(Health(), port),
    ):
        pass


def test_without_a_port_there_is_no_server() -> None:
    before = threading.active_count()
    with serve_health(Health(), None):
        assert threading.active_count() == before


async def test_a_worker_whose_event_loop_stood_still_is_not_alive() -> None:
    clock = Clock()
    health = Health(clock)
    clock.seconds += 1000
    assert health.healthz() == (200, "ok"), "there is no loop yet while the tools are imported"
    beating = asyncio.create_task(health.beat())
    await asyncio.sleep(0)
    clock.seconds += 61
    assert health.healthz() == (503, "the event loop stood still for 61 s: does an async tool block it?")
    beating.cancel()


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds
