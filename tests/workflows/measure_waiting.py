"""What many runs cost that wait for a person: `python -m tests.workflows.measure_waiting [RUNS]`."""

import argparse
import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from agents_crds.contract import CONTRACT
from agents_crds.contract.names import AGENT_RUN_WORKFLOW
from agents_crds.contract.run import LoopInput, RunInput, RunOutcome
from agents_worker.workflows.progress import QUIET
from tests.standin.process import running_standin
from tests.workflows.bench import (
    KEY,
    OPERATOR_QUEUE,
    Bench,
    Handle,
    bench_tools,
    mistral_client,
    settings_of,
    taking_reports,
)
from tests.workflows.speaking import ask, asking, say, waiting_loop
from tests.workflows.temporal import make_current, temporal_server
from tests.workflows.test_run import script
from tests.workflows.worker_process import start_worker

_POOL = "test/ns/pools/waiting"
_PROVIDER = "test/ns/providers/waiting"
_AT_ONCE = 40
_REST_SECONDS = 10.0


@dataclass(frozen=True)
class Costs:
    """What one worker process took."""

    before_mb: float
    """After its first runs: what all of them need is loaded then."""
    after_mb: float
    rest_cpu: float
    """Share of one core while all wait."""
    wake_up_seconds: tuple[float, ...]
    """From the signal to the report, with a model call between, for the runs that began first."""


async def measure(runs: int) -> Costs:
    """Let runs wait in a worker process of their own."""
    with running_standin() as standin, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            temporal_server() as client,
            taking_reports(client) as reports,
            mistral_client(standin) as mistral,
        ):
            bench = Bench(client, standin, mistral, reports, folder, bench_tools())
            bench.standin.set_scenario(script((ask("Which year?"),)))
            settings = settings_of(folder, pool_queue=_POOL)
            agent = await asking(bench)
            key_path = bench.write_key("provider", KEY)
            provider = agent.provider.model_copy(update={"queue": _PROVIDER, "key_path": key_path})
            loop = waiting_loop(agent.model_copy(update={"provider": provider}))
            await make_current(client, settings.deployment_name, settings.build_id)
            worker = await start_worker(client, settings, folder / "log", provider_queues=(_PROVIDER,))
            try:
                return await _measured(bench, worker.pid, loop, runs)
            finally:
                worker.terminate()
                await worker.wait()


async def _measured(bench: Bench, worker: int, loop: LoopInput, runs: int) -> Costs:
    first = await _start(bench, loop, 0, _AT_ONCE)
    before = _megabytes(worker)
    for number in range(_AT_ONCE, runs, _AT_ONCE):
        await _start(bench, loop, number, min(_AT_ONCE, runs - number))
    # The last ones tell once more that they wait, when they are no longer short.
    await asyncio.sleep(QUIET.total_seconds() + 1)
    busy = _cpu_seconds(worker)
    await asyncio.sleep(_REST_SECONDS)
    rest = (_cpu_seconds(worker) - busy) / _REST_SECONDS
    after = _megabytes(worker)
    return Costs(before, after, rest, tuple([await _wake(handle) for handle in first[:5]]))


async def _start(bench: Bench, loop: LoopInput, number: int, count: int) -> list[Handle]:
    """Start runs, and wait until all of them ask."""
    handles = [
        await bench.client.start_workflow(
            AGENT_RUN_WORKFLOW,
            RunInput(
                contract=CONTRACT,
                operator_queue=OPERATOR_QUEUE,
                loop=loop.model_copy(update={"conversation_metadata": {"number": str(each)}}),
            ),
            id=f"test/ns/{bench.unique}-{each}",
            task_queue=_POOL,
            result_type=RunOutcome,
        )
        for each in range(number, number + count)
    ]
    async with asyncio.timeout(60):
        while not all(bench.reports.asked[handle.id] for handle in handles):  # noqa: ASYNC110  # a worker
            await asyncio.sleep(0.05)
    return handles


async def _wake(handle: Handle) -> float:
    began = time.monotonic()
    await say(handle, "year", "2023")
    await asyncio.wait_for(handle.result(), 30)
    return time.monotonic() - began


def _megabytes(process: int) -> float:
    [line] = (each for each in _proc(process, "status").splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) / 1e3


def _cpu_seconds(process: int) -> float:
    fields = _proc(process, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _proc(process: int, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_text()


def main() -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflows.measure_waiting", description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=1000)
    began = time.monotonic()
    costs = asyncio.run(measure(parser.parse_args().runs))
    print(f"{costs} in {time.monotonic() - began:.0f} s")  # noqa: T201  # that is what it is for


if __name__ == "__main__":
    main()
