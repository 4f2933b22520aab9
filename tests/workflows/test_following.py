"""What a follower sees of runs, by the histories that workers really write."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from mistralai.client import Mistral

from agents_crds.contract.names import STOP_SIGNAL, USER_INPUT_SIGNAL, RunIdentity
from agents_crds.contract.run import LoopInput, UserInput
from agents_operator.runs.closing import shut_down
from agents_operator.temporal.following import happenings
from agents_operator.temporal.happenings import Ended, Happening, Waits
from agents_operator.temporal.histories import NoResultError
from agents_operator.temporal.workflows import Workflows
from tests.standin.control import APPEND, StandIn, rate_limited
from tests.standin.scenario import (
    Scenario,
    Script,
    ScriptedCall,
    ScriptedExecution,
    ScriptedHandoff,
    ScriptedText,
    ScriptedTurn,
)
from tests.workflows.bench import Bench, Handle, loop_input
from tests.workflows.other_pool import QUOTE, QUOTES, with_quotes
from tests.workflows.test_continue_as_new import short_executions

pytestmark = pytest.mark.asyncio(loop_scope="session")

RATE = ScriptedCall(call="get_rate", arguments={"year": 2023})
ARGUMENTS = '{"year": 2023}'
LOOK = ScriptedTurn(steps=(RATE,))
DONE = ScriptedTurn(steps=(ScriptedText(text="Done."),))


async def told(bench: Bench, handle: Handle) -> list[Happening]:
    return [each async for each in happenings(bench.client, handle.id, handle.first_execution_run_id)]


def story(found: list[Happening]) -> list[tuple[object, ...]]:
    """Leave out what differs from run to run: times and totals."""
    omitted = {"at", "until", "tokens", "seconds"}
    return [tuple(each.model_dump(exclude=omitted).values()) for each in found]


async def acting(bench: Bench, *turns: ScriptedTurn, tools: tuple[str, ...] = ("get_rate",)) -> LoopInput:
    """Make a loop of an agent that acts by a script."""
    bench.standin.set_scenario(Scenario(scripts=(Script(turns=turns),)))
    return loop_input(await bench.agent(*tools), "Look")


@pytest.mark.usefixtures("other_pool")
async def test_tools_servers_and_handoffs_are_told_in_order(bench: Bench) -> None:
    desk, rates = await bench.agent("get_rate", name="desk"), with_quotes(await bench.agent(name="rates"))
    desk, rates = await bench.linked(desk, rates), await bench.linked(rates, desk)
    of_desk = (
        ScriptedTurn(steps=(ScriptedText(text="I look."), RATE)),
        ScriptedTurn(steps=(ScriptedHandoff(handoff=rates.remote_id),)),
    )
    of_rates = (
        ScriptedTurn(
            steps=(
                ScriptedExecution(execute="web_search", arguments={"query": "ECB"}),
                ScriptedCall(call=QUOTE, arguments={"symbol": "ECB"}),
            )
        ),
        DONE,
    )
    bench.standin.set_scenario(
        Scenario(
            scripts=(
                Script(agent=bench.remote_name("desk"), turns=of_desk),
                Script(agent=bench.remote_name("rates"), turns=of_rates),
            )
        )
    )
    handle = await bench.start_loop(loop_input(desk, "Look", rates, mcp_servers=(QUOTES,)))
    outcome = await bench.finished(handle)
    found = await told(bench, handle)
    symbol = '{"symbol": "ECB"}'
    assert story(found) == [
        (0, "began", "desk", "Look"),
        (1, "said", "desk", "I look."),
        (1, "called", "desk", "get_rate", ARGUMENTS),
        (1, "result", "get_rate", "4.25", False),
        (2, "handoff", "desk", "rates"),
        (2, "ran", "rates", "web_search", '{"query": "ECB"}'),
        (2, "called", "rates", QUOTE, symbol),
        (2, "result", QUOTE, f"quotes ran get-quote with {symbol}", False),
        (3, "said", "rates", "Done."),
        (3, "ended", "Succeeded", "The agent gave a final answer"),
    ]
    [end] = [each for each in found if isinstance(each, Ended)]
    assert end.tokens == outcome.result.usage.total_tokens > 0
    assert [each.at for each in found] == sorted(each.at for each in found)


async def test_a_run_is_told_while_it_goes(bench: Bench) -> None:
    loop = await acting(bench, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND)
    handle = await bench.start_loop(loop)
    following = happenings(bench.client, handle.id, handle.first_execution_run_id)
    async with asyncio.timeout(30):
        first = [await anext(following) for _ in range(3)]
        assert story(first)[-1] == (1, "result", "get_rate", "4.25", False)
        assert bench.standin.waiting(held) <= 1
        bench.standin.release(held)
        rest = [each async for each in following]
    assert [each.type for each in rest] == ["said", "ended"]


async def test_a_provider_that_limits_the_rate_is_told_with_the_end_of_the_wait(bench: Bench) -> None:
    loop = await acting(bench, LOOK, DONE)
    bench.standin.fail("POST", APPEND, rate_limited(1))
    handle = await bench.start_loop(loop)
    await bench.finished(handle)
    found = await told(bench, handle)
    assert [each.type for each in found] == [
        *("began", "called", "result", "trouble", "waits", "said", "ended")
    ]
    [waits] = [each for each in found if isinstance(each, Waits)]
    assert waits.text == "The provider limits the rate (429)"
    assert timedelta(seconds=1) <= waits.until - waits.at < timedelta(seconds=2)


async def test_a_call_that_takes_too_long_is_told(bench: Bench, tmp_path: Path) -> None:
    hang = ScriptedTurn(steps=(ScriptedCall(call="hang", arguments={"marker": str(tmp_path / "m")}),))
    loop = await acting(bench, hang, DONE, tools=("hang",))
    hasty = loop.agent.tools[0].model_copy(update={"timeout": timedelta(seconds=1)})
    handle = await bench.start_loop(
        loop.model_copy(update={"agent": loop.agent.model_copy(update={"tools": (hasty,)})})
    )
    await bench.finished(handle)
    assert story(await told(bench, handle))[2] == (1, "result", "hang", "activity StartToClose timeout", True)


async def test_a_tool_that_the_agent_was_not_given_is_told_with_what_the_model_hears(bench: Bench) -> None:
    rob = ScriptedTurn(steps=(ScriptedCall(call="rob_bank", arguments={}),))
    handle = await bench.start_loop(await acting(bench, rob, DONE))
    await bench.finished(handle)
    assert story(await told(bench, handle))[1:3] == [
        (1, "called", "agent", "rob_bank", "{}"),
        (1, "result", "rob_bank", "There is no tool rob_bank. Your tools: get_rate", False),
    ]


async def test_what_people_say_and_that_it_is_told_to_the_model(bench: Bench) -> None:
    loop = await acting(bench, LOOK, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND, times=1)
    handle = await bench.start_loop(loop)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.signal(USER_INPUT_SIGNAL, UserInput(id="one", text="Hurry, please"))
    bench.standin.release(held)
    await bench.finished(handle)
    assert [each for each in story(await told(bench, handle)) if each[1] in {"heard", "told"}] == [
        (1, "heard", "one", "Hurry, please"),
        (2, "told", "one"),
    ]


async def test_a_stop_is_told_and_what_the_run_ended_with(bench: Bench) -> None:
    loop = await acting(bench, LOOK, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND, times=1)
    handle = await bench.start_loop(loop)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.signal(STOP_SIGNAL)
    bench.standin.release(held)
    await bench.finished(handle)
    found = story(await told(bench, handle))
    assert (1, "shutdown", "Stop") in found
    assert found[-1][1:3] == ("ended", "Stopped")


@pytest.mark.parametrize(("end", "reason"), [("cancel", "Cancelled"), ("terminate", "Terminated")])
async def test_an_end_from_outside_is_told(end: str, reason: str, bench: Bench) -> None:
    loop = await acting(bench, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND)
    handle = await bench.start_loop(loop)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await (handle.cancel() if end == "cancel" else handle.terminate(reason="enough"))
    found = await told(bench, handle)
    message = "The workflow was cancelled" if end == "cancel" else "enough"
    assert story(found)[-1] == (1, "ended", reason, message)
    [ended] = [each for each in found if isinstance(each, Ended)]
    assert ended.tokens > 0


async def test_a_long_run_is_told_over_all_its_executions(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    turns = tuple(
        ScriptedTurn(steps=(ScriptedCall(call="get_rate", arguments={"year": year}),)) for year in range(5)
    )
    async with short_executions(standin, mistral, secrets) as bench:
        handle = await bench.start_loop(await acting(bench, *turns, DONE))
        await bench.finished(handle)
        assert (await handle.describe()).run_id != handle.first_execution_run_id
        found = await told(bench, handle)
        # Without its first execution's id it is told from there all the same.
        assert [each async for each in happenings(bench.client, handle.id)] == found
    assert [each.type for each in found] == ["began", *("called", "result") * 5, "said", "ended"]
    assert [each.turn for each in found if each.type == "called"] == [1, 2, 3, 4, 5]


async def test_a_run_that_temporal_does_not_have_is_told_in_words(bench: Bench) -> None:
    with pytest.raises(NoResultError, match="Temporal no longer has workflow"):
        async for _ in happenings(bench.client, f"test/ns/{uuid.uuid4()}"):
            pass


async def test_a_run_that_the_operator_ends_is_told_as_its_agentrun_tells_it(bench: Bench) -> None:
    loop = await acting(bench, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND)
    handle = await bench.start_loop(loop)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    identity = RunIdentity.of_workflow(handle.id)
    assert identity is not None
    await Workflows(bench.client).terminate(identity, "enough", shut_down("Stop"))
    assert story(await told(bench, handle))[-1] == (
        *(1, "ended", "Stopped", "spec.shutdown is Stop: the output is what was collected"),
    )
