"""What a listing shows of runs that go."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from mistralai.client import Mistral

from agents_crds.contract import CONTRACT
from agents_crds.contract.names import AGENT_RUN_WORKFLOW, RUN_MEMO
from agents_crds.contract.run import RunInput, RunOutcome
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.progress import QUIET
from tests.standin.control import APPEND, StandIn
from tests.standin.scenario import ScriptedText
from tests.workflows.bench import OPERATOR_QUEUE, POOL_QUEUE, Bench
from tests.workflows.speaking import ask, asking, notes, say, seen, shown, waiting_loop
from tests.workflows.test_continue_as_new import executions_of, short_executions
from tests.workflows.test_run import call, script
from tests.workflows.worker_process import appeared

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_run_tells_nothing_while_it_is_a_short_one(bench: Bench) -> None:
    handle = await bench.start(await bench.agent("get_rate"), "What was the interest rate in 2023?")
    await bench.finished(handle)
    assert [note for note in await notes(handle) if note.at < QUIET] == []


async def test_a_run_that_takes_longer_tells_each_of_its_steps(bench: Bench, tmp_path: Path) -> None:
    agent, marker = await bench.agent("get_rate", "finish_slowly"), tmp_path / "marker"
    look = (ScriptedText(text="I look."), call("get_rate", year=2023))
    bench.standin.set_scenario(script(look, (call("finish_slowly", marker=str(marker)),)))
    held = bench.standin.hold("POST", APPEND)
    handle = await bench.start(agent, "Look")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    first = await shown(handle, "CallingModel")
    await say(handle, "a", "Go on.")
    bench.standin.release(held)
    await appeared(marker)
    tools = await shown(handle, "CallingTools")
    last = await shown(handle, "CallingModel")
    outcome = await bench.finished(handle)
    assert (first.turns, first.agent, first.until, first.message, first.told) == (1, "agent", None, "", ())
    assert first.usage.total_tokens < tools.usage.total_tokens < outcome.result.usage.total_tokens
    assert tools.turns == 2
    assert last == tools.model_copy(update={"step": "CallingModel"})
    assert outcome.result.told == ("a",)
    told = await notes(handle)
    assert [note.progress for note in told] == [first, tools, last]
    assert told[0].at >= QUIET


async def test_the_time_limit_holds_after_a_run_told_what_it_does(bench: Bench, tmp_path: Path) -> None:
    agent = await bench.agent("hang")
    bench.standin.set_scenario(script((call("hang", marker=str(tmp_path / "marker")),)))
    handle = await bench.start(agent, "Wait", limit=QUIET + timedelta(seconds=2))
    assert (await shown(handle, "CallingTools")).turns == 1
    outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.TIMED_OUT
    assert outcome.finished_at - outcome.started_at >= QUIET + timedelta(seconds=2)


async def test_a_new_execution_goes_on_telling(standin: StandIn, mistral: Mistral, secrets: Path) -> None:
    looks = tuple((call("get_rate", year=year),) for year in range(6))
    standin.set_scenario(script((ask("Which year?"),), *looks))
    async with short_executions(standin, mistral, secrets) as bench:
        loop = waiting_loop(await asking(bench, "get_rate"))
        handle = await bench.client.start_workflow(
            AGENT_RUN_WORKFLOW,
            RunInput(contract=CONTRACT, operator_queue=OPERATOR_QUEUE, loop=loop),
            id=f"test/ns/{bench.unique}",
            task_queue=POOL_QUEUE,
            result_type=RunOutcome,
            memo={RUN_MEMO: {"uid": bench.unique}},
        )
        await shown(handle, "WaitingForInput")
        await say(handle, "year", "2023")
        outcome = await bench.finished(handle)
        assert await executions_of(bench, handle) >= 2
        last = await seen(handle)
        assert await (await handle.describe()).memo_value(RUN_MEMO) == {"uid": bench.unique}
    assert last.progress is not None
    assert (last.progress.step, last.progress.turns) == ("CallingModel", outcome.result.turns - 1)
    assert last.progress.told == outcome.result.told == ("year",)
    assert last.state is None
