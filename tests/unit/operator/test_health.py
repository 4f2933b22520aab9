"""What the operator says of itself while it starts, works and hangs."""

import asyncio
import logging

import httpx2

from agents_crds.contract.connection import TemporalUnavailableError
from agents_operator.engine.served import Served
from agents_operator.health import Health
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.startup import until_reachable
from tools.local.ports import free_ports

LOG = logging.getLogger("test")


async def ask(port: int, path: str) -> tuple[int, str]:
    async with httpx2.AsyncClient() as http:
        response = await http.get(f"http://127.0.0.1:{port}/{path}", timeout=5)
    return response.status_code, response.text


async def test_an_operator_that_waits_is_alive_and_says_for_what() -> None:
    health, (port,), answered = Health(), free_ports(1), asyncio.Event()

    async def attempt() -> str:
        if not answered.is_set():
            raise TemporalUnavailableError("Connection refused")
        return "connected"

    async with health.serve(port):
        assert await ask(port, "readyz") == (503, "starting\n")
        waiting = asyncio.create_task(until_reachable("Temporal at t:7233", attempt, health.wait_for, LOG))
        while (await ask(port, "readyz"))[1] == "starting\n":
            pass
        assert await ask(port, "readyz") == (503, "waiting for Temporal at t:7233: Connection refused\n")
        assert await ask(port, "healthz") == (200, "ok\n")
        answered.set()
        assert await waiting == "connected"


async def test_an_operator_is_ready_while_it_serves_something() -> None:
    health, (port,), served = Health(), free_ports(1), Served(("a",))
    health.wait_for("the API server")
    health.attend(served.why_none, (), lambda: "")
    async with health.serve(port):
        assert await ask(port, "readyz") == (503, "namespace a is not served yet\n")
        served.tell("a", "")
        assert await ask(port, "readyz") == (200, "ok\n")
        served.tell("a", "the namespace is gone")
        assert await ask(port, "readyz") == (503, "the namespace is gone\n")


async def test_an_operator_that_stands_by_is_ready_and_says_who_leads() -> None:
    health, (port,), standing = Health(), free_ports(1), ["standby, operator-1 leads"]
    health.attend(lambda: "", (), lambda: standing[0])
    async with health.serve(port):
        assert await ask(port, "readyz") == (200, "standby, operator-1 leads\n")
        standing[0] = ""
        assert await ask(port, "readyz") == (200, "ok\n")


async def test_missing_right_at_the_start_is_waited_for_and_explained() -> None:
    told: list[str] = []
    answers = iter([ForbiddenError(403, "configmaps is forbidden")])

    async def attempt() -> str:
        for error in answers:
            raise error
        return "found"

    assert await until_reachable("the installation id", attempt, told.append, LOG) == "found"
    assert told == [
        "the installation id",
        "the installation id: the API server answered 403: configmaps is forbidden; "
        "files/permissions.yaml of the Helm chart lists what it needs",
    ]


async def test_an_operator_whose_event_loop_stood_still_is_not_alive() -> None:
    clock, (port,) = Clock(), free_ports(1)
    async with Health(clock).serve(port):
        assert await ask(port, "healthz") == (200, "ok\n")
        clock.seconds += 11
        assert await ask(port, "healthz") == (503, "the event loop stood still for 11 s\n")


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds
