"""The worker's process: how it starts, how it stops, and what its death does to calls."""

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from agents_crds.contract import CONTRACT
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.settings import Settings
from tests.standin.control import START
from tests.workflows.bench import Bench, settings_of
from tests.workflows.temporal import describe_tools, make_current
from tests.workflows.test_run import call, script
from tests.workflows.test_structured_output import QUESTION, SCHEMA
from tests.workflows.worker_process import appeared, worker_process
from tools.local.ports import free_ports

pytestmark = pytest.mark.asyncio(loop_scope="session")


def own_pool(bench: Bench) -> Settings:
    """Give a pool that only this test has."""
    return settings_of(bench.secrets, pool_queue=f"test/ns/pools/{bench.unique}")


async def readiness(port: int) -> tuple[int, str]:
    """Ask as the kubelet does."""
    async with httpx2.AsyncClient() as http:
        response = await http.get(f"http://127.0.0.1:{port}/readyz", timeout=5)
    return response.status_code, response.text


async def ready(port: int) -> None:
    """Wait until the worker serves."""
    async with asyncio.timeout(20):
        while True:
            with suppress(httpx2.TransportError):
                if (await readiness(port))[0] == 200:
                    return
            await asyncio.sleep(0.05)


async def test_a_new_build_tells_its_tools_before_it_is_current(bench: Bench, tmp_path: Path) -> None:
    settings = own_pool(bench)
    async with worker_process(bench.client, settings, tmp_path / "log"):
        catalogue = await describe_tools(
            bench.client, settings.pool_queue, settings.deployment_name, settings.build_id
        )
    assert catalogue.contract == CONTRACT
    names = [tool.name for tool in catalogue.tools]
    assert names == sorted(names)
    assert {"get_rate", "plain_activity"} <= set(names)
    assert catalogue.tools == bench.tools.catalogue().tools


async def test_calls_that_died_with_their_worker(bench: Bench, tmp_path: Path) -> None:
    settings, marker = own_pool(bench), tmp_path / "marker"
    agent = await bench.agent("hang", "kill_worker", queue=settings.pool_queue)
    killed = str(tmp_path / "killed")
    calls = (call("hang", marker=str(marker)), call("kill_worker", marker=killed, after=str(marker)))
    bench.standin.set_scenario(script(calls))
    await make_current(bench.client, settings.deployment_name, settings.build_id)
    async with worker_process(bench.client, settings, tmp_path / "log") as first:
        handle = await bench.start(agent, "Go")
        assert await first.wait() == -signal.SIGKILL
    async with worker_process(bench.client, settings, tmp_path / "log"):
        outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.SUCCEEDED
    told, repeated = bench.results()
    assert told.startswith("The call of hang was interrupted, because its worker stopped. It may or may not")
    assert marker.read_text() == "called\n"
    assert repeated == "survived"


async def test_a_worker_that_is_told_to_stop_finishes_its_calls(bench: Bench, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings, marker = own_pool(bench).model_copy(update={"health_port": port}), tmp_path / "marker"
    agent = await bench.agent("finish_slowly", queue=settings.pool_queue)
    bench.standin.set_scenario(script((call("finish_slowly", marker=str(marker)),)))
    await make_current(bench.client, settings.deployment_name, settings.build_id)
    async with worker_process(bench.client, settings, tmp_path / "log") as process:
        handle = await bench.start(agent, "Go")
        await appeared(marker)
        assert await readiness(port) == (200, "ok\n")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(5):
            while (answer := await readiness(port))[0] == 200:
                pass
        assert answer == (503, "stopping: the activities in flight are finished first\n")
        assert await process.wait() == 0
    await bench.finished(handle)
    assert bench.results() == ["finished after all"]


async def test_a_worker_without_work_ends_at_once_however_long_it_may_take(
    bench: Bench, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    settings = own_pool(bench).model_copy(update={"health_port": port, "grace": 300})
    async with worker_process(bench.client, settings, tmp_path / "log") as process:
        await ready(port)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(2):
            assert await process.wait() == 0


async def test_a_model_call_in_flight_is_finished_by_the_worker_that_stops_and_new_ones_go_to_another(
    bench: Bench, tmp_path: Path
) -> None:
    queue = f"test/ns/providers/{bench.unique}"
    settings = own_pool(bench).model_copy(update={"grace": 60})
    agent = await bench.agent("get_rate", queue=settings.pool_queue)
    agent = agent.model_copy(update={"provider": agent.provider.model_copy(update={"queue": queue})})
    await make_current(bench.client, settings.deployment_name, settings.build_id)
    hold = bench.standin.hold("POST", START, times=1)
    logs = tmp_path / "first", tmp_path / "second"
    async with worker_process(bench.client, settings, logs[0], provider_queues=[queue]) as first:
        handle = await bench.start(agent, QUESTION)
        await asyncio.to_thread(bench.standin.wait_until_held, hold)
        first.send_signal(signal.SIGTERM)
        async with worker_process(bench.client, settings, logs[1], provider_queues=[queue]) as second:
            other = await bench.start(agent, QUESTION)
            await bench.finished(other)
            assert first.returncode is None
            bench.standin.release(hold)
            assert await first.wait() == 0
            outcome = await bench.finished(handle)
            assert second.returncode is None
    assert outcome.result.reason == Reason.SUCCEEDED
    counts = bench.standin.counters()
    assert (counts.conversations_created, len(bench.standin.conversations())) == (2, 2)
    assert [each.appends for each in counts.conversations.values()] == [1, 1]


async def test_a_worker_that_has_just_started_checks_an_answer_by_a_schema(
    bench: Bench, tmp_path: Path
) -> None:
    settings = own_pool(bench)
    agent = await bench.agent("get_rate", queue=settings.pool_queue, schema=SCHEMA)
    await make_current(bench.client, settings.deployment_name, settings.build_id)
    async with worker_process(bench.client, settings, tmp_path / "log"):
        outcome = await bench.finished(await bench.start(agent, QUESTION))
    assert (outcome.result.reason, outcome.result.structured) == (Reason.SUCCEEDED, True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"modules": ("no_such_module",)}, "module no_such_module of WORKER_MODULES cannot be imported"),
        ({"pool_queue": ""}, "DURABLE_AGENTS_POOL_QUEUE: String should have at least 1 character"),
    ],
)
async def test_a_worker_that_cannot_start_says_why(
    bench: Bench, tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    settings, log = own_pool(bench).model_copy(update=changes), tmp_path / "log"
    left = tmp_path / "termination-log"
    left.touch()
    async with worker_process(bench.client, settings, log, left=left) as process:
        assert await process.wait() == 2
    assert says in log.read_text()
    assert "Traceback" not in log.read_text()
    assert says in left.read_text()


async def test_a_worker_whose_tools_end_the_process_says_so_and_leaves_their_words_to_the_log(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving_tools.py").write_text("import sys\nsys.exit('token is sk-1')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    settings, log = own_pool(bench).model_copy(update={"modules": ("leaving_tools",)}), tmp_path / "log"
    left = tmp_path / "termination-log"
    left.touch()
    async with worker_process(bench.client, settings, log, left=left) as process:
        assert await process.wait() == 1
    assert "leaving_tools of WORKER_MODULES ends the process" in left.read_text()
    assert "sk-1" not in left.read_text()
    assert "SystemExit: token is sk-1" in log.read_text()


async def test_a_worker_whose_port_something_else_has_names_the_port(bench: Bench, tmp_path: Path) -> None:
    taken = await asyncio.start_server(lambda *_: None, None, 0)
    port = taken.sockets[0].getsockname()[1]
    settings, log = own_pool(bench).model_copy(update={"health_port": port}), tmp_path / "log"
    async with taken, worker_process(bench.client, settings, log) as process:
        assert await process.wait() == 2
    assert f"port {port} is taken" in log.read_text()
