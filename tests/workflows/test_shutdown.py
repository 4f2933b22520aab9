"""Runs that are stopped: after the step in flight, and at once where they only wait."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from mistralai.client import Mistral

from agents_crds.contract import CONTRACT
from agents_crds.contract.names import AGENT_RUN_WORKFLOW, STOP_SIGNAL
from agents_crds.contract.run import RunInput, RunOutcome
from agents_crds.v1alpha1.conditions import Reason
from tests.standin.control import APPEND, START, StandIn
from tests.standin.faults import AnswerWith
from tests.standin.scenario import ScriptedText
from tests.workflows.bench import OPERATOR_QUEUE, POOL_QUEUE, Bench, Handle
from tests.workflows.speaking import ask, asking, paused, say, seen, shown, waiting_loop
from tests.workflows.temporal import scheduled
from tests.workflows.test_continue_as_new import short_executions
from tests.workflows.test_run import call, script
from tests.workflows.worker_process import appeared

pytestmark = pytest.mark.asyncio(loop_scope="session")

I_LOOK = ScriptedText(text="I look.")


async def stopped(bench: Bench, handle: Handle) -> RunOutcome:
    """Stop a run that only waits, which must end it within moments."""
    await handle.signal(STOP_SIGNAL)
    async with asyncio.timeout(5):
        outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.STOPPED
    assert (await seen(handle)).state is None
    return outcome


async def test_a_run_that_is_stopped_before_it_began_calls_no_model(bench: Bench) -> None:
    run = RunInput(contract=CONTRACT, operator_queue=OPERATOR_QUEUE, loop=waiting_loop(await bench.agent()))
    handle = await bench.client.start_workflow(
        AGENT_RUN_WORKFLOW,
        run,
        id=f"test/ns/{bench.unique}",
        task_queue=POOL_QUEUE,
        result_type=RunOutcome,
        start_signal=STOP_SIGNAL,
    )
    outcome = await bench.finished(handle)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.STOPPED, 0)
    assert await scheduled(handle) == ["report"]


async def test_a_stop_during_a_model_call_leaves_out_the_tools_that_it_asks_for(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(script((I_LOOK, call("get_rate", year=2023))))
    held = bench.standin.hold("POST", START)
    handle = await bench.start(agent, "Look")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.signal(STOP_SIGNAL)
    bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns, result.text) == (Reason.STOPPED, 1, "I look.")
    assert result.message == "Stopped after 1 model calls: the output is what was written until then"
    assert await scheduled(handle) == ["start_conversation", "report"]


async def test_a_stop_during_a_final_answer_lets_it_be_one(bench: Bench) -> None:
    agent = await bench.agent()
    held = bench.standin.hold("POST", START)
    handle = await bench.start(agent, "Hello")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await say(handle, "a", "More!")
    await handle.signal(STOP_SIGNAL)
    bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns, result.told) == (Reason.SUCCEEDED, 1, ())


async def test_a_stop_waits_for_the_tools_in_flight(bench: Bench, tmp_path: Path) -> None:
    agent, marker = await asking(bench, "finish_slowly"), tmp_path / "marker"
    bench.standin.set_scenario(script((I_LOOK, call("finish_slowly", marker=str(marker)), ask("Enough?"))))
    handle = await bench.start_loop(waiting_loop(agent))
    await appeared(marker)
    await handle.signal(STOP_SIGNAL)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns, result.text) == (Reason.STOPPED, 1, "I look.")
    assert [entry.model_dump()["result"] for entry in result.entries[1:]] == [
        "finished after all",
        "Nobody answered before the run was stopped",
    ]
    assert bench.reports.asked[handle.id] == []


async def test_a_stop_ends_a_wait_for_the_provider_at_once(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(script((I_LOOK, call("get_rate", year=2023))))
    bench.standin.fail("POST", APPEND, AnswerWith(status=429, headers={"retry-after": "7200"}))
    handle = await bench.start_loop(waiting_loop(agent))
    await shown(handle, "Waiting")
    outcome = await stopped(bench, handle)
    assert (outcome.result.turns, outcome.result.text) == (1, "I look.")


async def test_a_stop_ends_a_short_pause_at_once(bench: Bench) -> None:
    bench.standin.fail("POST", START, AnswerWith(status=429, headers={"retry-after": "25"}))
    handle = await bench.start_loop(waiting_loop(await bench.agent()))
    await paused(handle)
    await stopped(bench, handle)


async def test_a_stop_ends_a_wait_for_the_key_at_once(bench: Bench) -> None:
    agent = await bench.agent(key_path="nowhere/api-key")
    handle = await bench.start_loop(waiting_loop(agent))
    await shown(handle, "Waiting")
    await stopped(bench, handle)


async def test_a_stop_ends_a_wait_for_a_person_at_once(bench: Bench) -> None:
    agent = await asking(bench)
    bench.standin.set_scenario(script((I_LOOK, ask("Which year?"))))
    handle = await bench.start_loop(waiting_loop(agent))
    await shown(handle, "WaitingForInput")
    outcome = await stopped(bench, handle)
    assert outcome.result.text == "I look."


async def test_a_cancelled_run_no_longer_shows_that_it_waits(bench: Bench) -> None:
    agent = await asking(bench)
    bench.standin.set_scenario(script((ask("Which year?"),)))
    handle = await bench.start_loop(waiting_loop(agent))
    await shown(handle, "WaitingForInput")
    await handle.cancel()
    async with asyncio.timeout(10):
        while bench.reports.taken[handle.id] == []:  # noqa: ASYNC110  # a worker
            await asyncio.sleep(0.05)
    [outcome] = bench.reports.taken[handle.id]
    assert outcome.result.reason == Reason.CANCELLED
    assert (await seen(handle)).state is None


async def test_no_stop_gets_lost_between_two_executions(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    looks = tuple((call("get_rate", year=year),) for year in range(100))
    standin.set_scenario(script(*looks))
    async with short_executions(standin, mistral, secrets) as bench:
        agent = await bench.agent("get_rate")
        handles = [await bench.start(agent, "Look", max_turns=100) for _ in range(8)]
        async with asyncio.timeout(20):
            while (await handles[0].describe()).run_id == handles[0].first_execution_run_id:  # noqa: ASYNC110  # a server
                await asyncio.sleep(0.02)
        for handle in handles:
            await handle.signal(STOP_SIGNAL)
            await asyncio.sleep(0.1)
        outcomes = [await bench.finished(handle) for handle in handles]
    assert {outcome.result.reason for outcome in outcomes} == {Reason.STOPPED}


async def test_the_time_limit_ends_a_wait_for_a_person(bench: Bench) -> None:
    agent = await asking(bench)
    bench.standin.set_scenario(script((I_LOOK, ask("Which year?"))))
    handle = await bench.start_loop(waiting_loop(agent, within=timedelta(seconds=2)))
    progress = await shown(handle, "WaitingForInput")
    outcome = await bench.finished(handle)
    assert (outcome.result.reason, outcome.result.text) == (Reason.TIMED_OUT, "I look.")
    assert progress.until == outcome.started_at + timedelta(seconds=2)
    assert (await seen(handle)).state is None
