"""Runs that are spoken to while they go, and that ask."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from mistralai.client import Mistral
from temporalio.client import WorkflowUpdateFailedError

from agents_crds.contract import CONTRACT
from agents_crds.contract.asking import ASK_USER_TOOL
from agents_crds.contract.entries import MessageEntry, RunEntry, TextContent
from agents_crds.contract.names import ADD_INPUT_UPDATE, AGENT_RUN_WORKFLOW, STOP_SIGNAL, USER_INPUT_SIGNAL
from agents_crds.contract.run import RunInput, RunOutcome, UserInput
from agents_crds.contract.transcript import ResultMessage
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.limits import USER_INPUT_LIMIT
from agents_worker.workflows.calls import MOST_CALLS
from tests.standin.control import APPEND, START, StandIn
from tests.standin.faults import AnswerWith
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import OPERATOR_QUEUE, POOL_QUEUE, Bench, serving, settings_of
from tests.workflows.local_agents import PROTOCOLS, Protocol, local_agent
from tests.workflows.speaking import add, ask, asking, paused, say, seen, shown, waiting_loop
from tests.workflows.temporal import make_current, scheduled
from tests.workflows.test_continue_as_new import executions_of, short_executions
from tests.workflows.test_run import call, script
from tests.workflows.worker_process import appeared

pytestmark = pytest.mark.asyncio(loop_scope="session")


def messages_to(bench: Bench) -> list[str]:
    """List what the agent was told by messages, in order."""
    entries = (entry for one in bench.standin.conversations() for entry in one.entries)
    return [str(entry.content) for entry in entries if entry.type == "message.input"]


def all_said(bench: Bench) -> str:
    """Join all that the agent was told."""
    return "\n".join((*messages_to(bench), *bench.results()))


def text_of(entry: RunEntry) -> str:
    """Return the words of a message."""
    parts = entry.content if isinstance(entry, MessageEntry) else ()
    return "".join(part.text for part in parts if isinstance(part, TextContent))


async def test_what_is_said_while_a_tool_works_stands_with_its_result(bench: Bench, tmp_path: Path) -> None:
    agent, marker = await bench.agent("finish_slowly"), tmp_path / "marker"
    bench.standin.set_scenario(script((call("finish_slowly", marker=str(marker)),)))
    handle = await bench.start(agent, "Go")
    await appeared(marker)
    await say(handle, "hurry", "Be quick.")
    result = (await bench.finished(handle)).result
    assert bench.results() == ["finished after all\n\n[The user says meanwhile: Be quick.]"]
    assert (result.reason, result.turns, result.told) == (Reason.SUCCEEDED, 2, ("hurry",))


async def test_a_run_that_is_spoken_to_goes_on_after_its_final_answer(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.set_scenario(script((ScriptedText(text="To: {input}"),)))
    held = bench.standin.hold("POST", START)
    handle = await bench.start(agent, "What is it?")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await say(handle, "a", "And in 2024?")
    await say(handle, "b", "In percent.")
    await say(handle, "a", "And in 2024?")
    bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert messages_to(bench) == ["What is it?", "And in 2024?", "In percent."]
    assert (result.turns, result.told) == (2, ("a", "b"))
    assert result.text.startswith("To: ")
    assert "In percent." in result.text
    assert "To: What is it?" in [text_of(entry) for entry in result.entries]


async def test_what_is_said_before_the_first_model_call_goes_with_the_input(bench: Bench) -> None:
    agent = await bench.agent()
    handle = await bench.client.start_workflow(
        AGENT_RUN_WORKFLOW,
        RunInput(contract=CONTRACT, operator_queue=OPERATOR_QUEUE, loop=waiting_loop(agent)),
        id=f"test/ns/{bench.unique}",
        task_queue=POOL_QUEUE,
        result_type=RunOutcome,
        start_signal=USER_INPUT_SIGNAL,
        start_signal_args=[UserInput(id="a", text="And be quick.")],
    )
    result = (await bench.finished(handle)).result
    assert messages_to(bench) == ["Go", "And be quick."]
    assert (result.turns, result.told) == (1, ("a",))


async def test_limits_hold_for_who_is_spoken_to(bench: Bench) -> None:
    agent = await bench.agent()
    held = bench.standin.hold("POST", START)
    handle = await bench.start(agent, "What is it?", max_turns=1)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await say(handle, "a", "And in 2024?")
    bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns, result.told) == (Reason.SUCCEEDED, 1, ())


async def test_a_throttled_call_is_repeated_as_it_was(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", APPEND, AnswerWith(status=429, headers={"retry-after": "1"}))
    handle = await bench.start(agent, "What was the interest rate in 2023?")
    await paused(handle)
    await say(handle, "a", "And in 2024?")
    result = (await bench.finished(handle)).result
    assert bench.results() == ["4.25"]
    assert messages_to(bench)[1:] == ["And in 2024?"]
    assert (result.turns, result.told) == (3, ("a",))


async def test_an_input_is_accepted_or_refused_at_once(bench: Bench) -> None:
    agent = await bench.agent()
    held = bench.standin.hold("POST", START)
    handle = await bench.start(agent, "What is it?", max_turns=10)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    for number in range(USER_INPUT_LIMIT):
        await add(handle, f"n{number}", f"Add {number}.")
    await add(handle, "n0", "Add 0.")
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await add(handle, "more", "Add more.")
    assert f"{USER_INPUT_LIMIT} inputs wait for the model already" in str(refused.value.cause)
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await add(handle, "empty", "")
    assert "an input has 1 to" in str(refused.value.cause)
    bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert messages_to(bench)[1:] == [f"Add {number}." for number in range(USER_INPUT_LIMIT)]
    assert result.told == tuple(f"n{number}" for number in range(USER_INPUT_LIMIT))


async def test_what_cannot_be_read_as_an_input_does_no_harm(bench: Bench) -> None:
    agent = await bench.agent()
    held = bench.standin.hold("POST", START)
    handle = await bench.start(agent, "What is it?")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.signal(USER_INPUT_SIGNAL, {"id": "a"})
    await handle.signal(USER_INPUT_SIGNAL, "Be quick.")
    with pytest.raises(WorkflowUpdateFailedError):
        await handle.execute_update(ADD_INPUT_UPDATE, "Be quick.")
    await say(handle, "b", "Be brief.")
    bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert messages_to(bench)[1:] == ["Be brief."]
    assert (result.reason, result.told) == (Reason.SUCCEEDED, ("b",))


async def test_nothing_that_is_said_gets_lost_between_two_executions(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    looks = tuple(
        ScriptedTurn(steps=(ScriptedCall(call="get_rate", arguments={"year": year}),)) for year in range(40)
    )
    standin.set_scenario(Scenario(scripts=(Script(turns=looks),)))
    said = [f"i{number}" for number in range(30)]
    async with short_executions(standin, mistral, secrets) as bench:
        handle = await bench.start(await bench.agent("get_rate"), "Go on", max_turns=100)
        for number, id_ in enumerate(said):
            await (add if number % 2 else say)(handle, id_, f"Remember {id_}.")
            await asyncio.sleep(0.03)
        result = (await bench.finished(handle)).result
        assert await executions_of(bench, handle) >= 2
        told = all_said(bench)
    assert [told.count(f"Remember {id_}.") for id_ in said] == [1] * len(said)
    assert result.told == tuple(said)


async def test_a_model_that_asks_gets_an_answer_to_each_of_its_questions(bench: Bench) -> None:
    agent = await asking(bench, "get_rate")
    bench.standin.set_scenario(script((ask("Which year?"), call("get_rate", year=2023), ask("Percent?"))))
    handle = await bench.start_loop(waiting_loop(agent))
    progress = await shown(handle, "WaitingForInput", "Which year?")
    assert (progress.turns, progress.agent, progress.told) == (1, "agent", ())
    assert progress.until is not None
    assert (await seen(handle)).state == "Waiting"
    await say(handle, "year", "The one of the crisis.")
    await say(handle, "year", "The one of the crisis.")
    await shown(handle, "WaitingForInput", "Percent?")
    await say(handle, "percent", "Yes.")
    result = (await bench.finished(handle)).result
    assert bench.results() == ["The one of the crisis.", "4.25", "Yes."]
    assert (result.reason, result.told) == (Reason.SUCCEEDED, ("year", "percent"))
    assert [each.message for each in bench.reports.asked[handle.id]] == ["Which year?", "Percent?"]
    assert (await seen(handle)).state is None


async def test_a_question_that_nobody_answers_is_told_so(bench: Bench) -> None:
    agent = await asking(bench)
    bench.standin.set_scenario(script((ask("Which year?"),)))
    outcome = await bench.run_loop(waiting_loop(agent, answer_within=timedelta(seconds=1)))
    assert outcome.result.reason == Reason.SUCCEEDED
    [told] = bench.results()
    assert told.startswith("Nobody answered within 1s. Go on without an answer")


async def test_a_question_without_words_is_not_asked(bench: Bench) -> None:
    agent = await asking(bench)
    wordless = ScriptedCall(call="ask_user", arguments={"about": "year"})
    bench.standin.set_scenario(script((wordless,)))
    await bench.run_loop(waiting_loop(agent))
    assert bench.results() == ["ask_user was not called: give it one argument, the text of the `question`"]


async def test_no_more_questions_are_asked_at_once_than_calls_are_made(bench: Bench, tmp_path: Path) -> None:
    agent, marker = await asking(bench, "finish_slowly"), tmp_path / "marker"
    questions = (ask("Which year?"),) * (MOST_CALLS + 1)
    bench.standin.set_scenario(script((call("finish_slowly", marker=str(marker)), *questions)))
    handle = await bench.start_loop(waiting_loop(agent))
    await appeared(marker)
    await handle.signal(STOP_SIGNAL)
    *_, asked, left_out = (await bench.finished(handle)).result.entries
    assert asked.model_dump()["result"].startswith("Nobody answered")
    assert left_out.model_dump()["result"].startswith("ask_user was not called: at most 128 calls")


async def test_an_agent_that_may_not_ask_is_told_so(bench: Bench) -> None:
    agent = await asking(bench)
    bench.standin.set_scenario(script((ask("Which year?"),)))
    await bench.run(agent, "Go")
    assert bench.results() == ["There is no tool ask_user. Your tools: none"]


async def test_a_question_waits_without_an_operator_that_would_take_it(bench: Bench) -> None:
    agent = await asking(bench)
    bench.standin.set_scenario(script((ask("Which year?"),)))
    run = RunInput(contract=CONTRACT, operator_queue="test/nobody", loop=waiting_loop(agent))
    handle = await bench.client.start_workflow(
        AGENT_RUN_WORKFLOW, run, id=f"test/ns/{bench.unique}", task_queue=POOL_QUEUE, result_type=RunOutcome
    )
    await shown(handle, "WaitingForInput")
    await say(handle, "year", "2023")
    async with asyncio.timeout(10):
        while "report" not in await scheduled(handle):  # noqa: ASYNC110  # a server
            await asyncio.sleep(0.05)
    assert bench.results() == ["2023"]
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await add(handle, "late", "And 2024?")
    assert "the run is over and hears nothing more" in str(refused.value.cause)
    await handle.terminate()


async def test_a_run_that_waits_goes_on_when_spoken_to_while_it_has_no_worker(bench: Bench) -> None:
    settings = settings_of(bench.secrets, pool_queue=f"test/ns/pools/{bench.unique}", build=bench.unique)
    agent = await asking(bench)
    bench.standin.set_scenario(script((ask("Which year?"),)))
    await make_current(bench.client, settings.deployment_name, settings.build_id)
    run = RunInput(contract=CONTRACT, operator_queue=OPERATOR_QUEUE, loop=waiting_loop(agent))
    async with serving(bench.client, settings, bench.tools):
        handle = await bench.client.start_workflow(
            AGENT_RUN_WORKFLOW,
            run,
            id=f"test/ns/{bench.unique}",
            task_queue=settings.pool_queue,
            result_type=RunOutcome,
        )
        await shown(handle, "WaitingForInput")
    await say(handle, "year", "2023")
    await asyncio.sleep(1)
    async with serving(bench.client, settings, bench.tools):
        result = (await bench.finished(handle)).result
    assert bench.results() == ["2023"]
    assert (result.reason, result.told) == (Reason.SUCCEEDED, ("year",))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_local_session_is_spoken_to_and_asks_in_the_same_way(
    bench: Bench, tmp_path: Path, protocol: Protocol
) -> None:
    marker = tmp_path / "marker"
    agent = local_agent(bench, "finish_slowly", protocol=protocol, functions=(ASK_USER_TOOL,))
    bench.standin.set_scenario(
        script(
            (ask("Which year?"),), (call("finish_slowly", marker=str(marker)),), (ScriptedText(text="2."),)
        )
    )
    handle = await bench.start_loop(waiting_loop(agent))
    await shown(handle, "WaitingForInput", "Which year?")
    await say(handle, "year", "2023")
    await appeared(marker)
    await say(handle, "hurry", "Be quick.")
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns, result.told) == (Reason.SUCCEEDED, 3, ("year", "hurry"))
    told = [each.text for each in result.transcript if isinstance(each, ResultMessage)]
    assert told == ["2023", "finished after all\n\n[The user says meanwhile: Be quick.]"]
