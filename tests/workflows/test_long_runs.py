"""Long runs of Local sessions: over new executions, and whatever happens to the worker's process.

The longest ones are left out: `make test ARGS="-m long -n0 -s tests/workflows/test_long_runs.py"` runs them.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from mistralai.client import Mistral

from agents_crds.contract.run import Limits, LoopResult
from agents_crds.contract.transcript import ResultMessage, SaidMessage
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.turn import said
from tests.standin.control import StandIn
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import (
    POOL_QUEUE,
    PROVIDER_QUEUE,
    Bench,
    Handle,
    bench_tools,
    loop_input,
    serving,
    settings_of,
    taking_reports,
)
from tests.workflows.forked_workers import forked_worker
from tests.workflows.local_agents import local_agent
from tests.workflows.sample_tools import closing_price
from tests.workflows.temporal import histories_of, make_current, temporal_server
from tests.workflows.worker_process import environment_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

KILLS = 20
# New executions early, and a step whose worker died while it decided what follows is taken up after 3 s
# instead of 10 s.
SHORT = ("limit.historyCount.suggestContinueAsNew=800", 'history.defaultWorkflowTaskTimeout="3s"')
OTHER_POOL = "test/ns/pools/killed"
OTHER_PROVIDER = "test/ns/providers/killed"
# They differ in one word of the same length: all else that the model reads is the same.
QUIET, KILLED = "Go, undisturbed", "Go, interrupted"


def prices(standin: StandIn, turns: int) -> None:
    """Let the model look up a price a turn, and tell all that it saw in the end."""
    look = ScriptedTurn(
        steps=(ScriptedCall(call="closing_price", arguments={"day": "{turn}"}),), repeat=turns
    )
    tell = ScriptedTurn(steps=(ScriptedText(text="{results}"),))
    standin.set_scenario(Scenario(scripts=(Script(input="Go, ", turns=(look, tell)),)))


@asynccontextmanager
async def serving_long_runs(
    standin: StandIn, mistral: Mistral, secrets: Path, *dynamic_config: str
) -> AsyncIterator[Bench]:
    async with (
        temporal_server(*dynamic_config) as client,
        taking_reports(client) as reports,
        serving(client, settings_of(secrets), bench_tools()),
    ):
        yield Bench(client, standin, mistral, reports, secrets, bench_tools())


async def start(
    bench: Bench, text: str, turns: int, *, queue: str = POOL_QUEUE, provider_queue: str = PROVIDER_QUEUE
) -> Handle:
    agent = local_agent(bench, "closing_price", queue=queue, provider_queue=provider_queue)
    loop = loop_input(agent, text)
    limits = Limits(max_turns=turns + 1, timeout=timedelta(hours=1))
    return await bench.start_loop(loop.model_copy(update={"limits": limits}), queue=queue)


def paid(standin: StandIn, topic: str) -> int:
    chat = standin.counters().chats.get(topic)
    return chat.calls if chat else 0


def in_quiet(result: LoopResult) -> LoopResult:
    """Return a result as it would be of the undisturbed run."""
    first, *others = result.transcript
    assert isinstance(first, SaidMessage)
    asked = SaidMessage(message=said(QUIET))
    return result.model_copy(update={"transcript": (asked, *others), "repeated_calls": 0})


def told(result: LoopResult) -> list[str]:
    """List the results that the model was told, in order."""
    return [each.text for each in result.transcript if isinstance(each, ResultMessage)]


async def lengths(bench: Bench, handle: Handle) -> list[int]:
    """List how many events each execution of a run has."""
    return [len(each.events) for each in await histories_of(bench.client, handle)]


@dataclass(frozen=True)
class Moment:
    """When a worker is killed: after so many calls of the model, or so many seconds that it served."""

    calls: int
    seconds: float


def moments(seed: int, turns: int, every: int) -> tuple[Moment, ...]:
    """Choose when to kill, within three quarters of the run; at every third time, say, it has gone on."""
    chance = random.Random(seed)
    calls = sorted(chance.sample(range(1, turns * 3 // 4), KILLS))
    return tuple(
        Moment(call - before, 60 if number % every == 0 else chance.uniform(0, 3))
        for number, (before, call) in enumerate(pairwise((0, *calls)))
    )


async def kill(
    bench: Bench, worker: Callable[[], AbstractAsyncContextManager[None]], moments: Sequence[Moment]
) -> int:
    """Start a worker and kill it, for each moment; return how often the run had gone on in between."""
    at_work, clock = 0, asyncio.get_running_loop()
    for moment in moments:
        before = paid(bench.standin, KILLED)
        async with worker():
            end = clock.time() + moment.seconds
            while paid(bench.standin, KILLED) < before + moment.calls and clock.time() < end:  # noqa: ASYNC110
                await asyncio.sleep(random.uniform(0.01, 0.05))
        at_work += paid(bench.standin, KILLED) > before
    return at_work


# The others may come while the run waits for Temporal to give up what died before.
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.timeout(900)
async def test_a_worker_that_is_killed_20_times_changes_nothing_but_the_count(
    standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path, every: int
) -> None:
    turns, seed = 200, random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  # for whoever sees it fail
    settings = settings_of(secrets, pool_queue=OTHER_POOL)
    logs = (tmp_path / f"log-{number}" for number in range(KILLS + 1))
    prices(standin, turns)
    async with serving_long_runs(standin, mistral, secrets, *SHORT) as bench:
        await make_current(bench.client, settings.deployment_name, settings.build_id)
        variables = environment_of(bench.client, settings, provider_queues=[OTHER_PROVIDER])
        quiet = await start(bench, QUIET, turns)
        handle = await start(bench, KILLED, turns, queue=OTHER_POOL, provider_queue=OTHER_PROVIDER)
        at_work = await kill(bench, lambda: forked_worker(variables, next(logs)), moments(seed, turns, every))
        assert paid(standin, KILLED) < turns
        async with forked_worker(variables, next(logs)):
            result = (await handle.result()).result
        expected = (await quiet.result()).result
        executions = await lengths(bench, handle)
    seen = [await closing_price(day) for day in range(turns)]
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "; ".join(seen), turns + 1)
    assert told(result) == seen
    assert in_quiet(result) == expected
    assert len(executions) >= 3
    assert at_work >= KILLS // every
    calls, repeated = paid(standin, KILLED), result.repeated_calls
    print(f"{executions} events, {at_work} kills at work, {calls} calls, {repeated} repeated")  # noqa: T201
    # A kill in the milliseconds between the note of a call and the call itself is counted wrong.
    assert abs(calls - result.turns - repeated) <= 1


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_run_of_700_turns(standin: StandIn, mistral: Mistral, secrets: Path) -> None:
    turns = 700
    prices(standin, turns)
    async with serving_long_runs(standin, mistral, secrets) as bench:
        handle = await start(bench, QUIET, turns)
        outcome = await handle.result()
        executions = await lengths(bench, handle)
    print(f"{executions} events in {outcome.finished_at - outcome.started_at}")  # noqa: T201
    result, seen = outcome.result, [await closing_price(day) for day in range(turns)]
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "; ".join(seen), turns + 1)
    assert told(result) == seen
    assert paid(standin, QUIET) == turns + 1
    assert len(executions) >= 3
