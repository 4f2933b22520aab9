"""Runs that go the usual ways: answers, tools, limits."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from agents_crds.v1alpha1.conditions import Reason
from tests.standin.control import APPEND, START
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import Bench
from tests.workflows.temporal import scheduled

pytestmark = pytest.mark.asyncio(loop_scope="session")


def script(*turns: tuple[ScriptedCall | ScriptedText, ...]) -> Scenario:
    """Direct the model turn by turn; after the script it answers from the results."""
    return Scenario(scripts=(Script(turns=tuple(ScriptedTurn(steps=steps) for steps in turns)),))


def call(tool: str, /, **arguments: str | int) -> ScriptedCall:
    return ScriptedCall(call=tool, arguments=dict(arguments))


async def test_agent_answers_with_what_its_tool_returned(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    handle = await bench.start(agent, "What was the interest rate in 2023?")
    outcome = await bench.finished(handle)
    result = outcome.result
    assert (result.reason, result.turns) == (Reason.SUCCEEDED, 2)
    assert "4.25" in result.text
    assert result.usage.total_tokens == result.usage.prompt_tokens + result.usage.completion_tokens > 0
    assert (outcome.agent_id, outcome.agent_version) == (agent.remote_id, agent.remote_version)
    assert outcome.started_at < outcome.finished_at
    assert await scheduled(handle) == ["start_conversation", "call_tool", "append_results", "report"]
    counters = bench.standin.counters()
    assert (counters.conversations_created, counters.appends, counters.function_results) == (1, 1, 1)


async def test_the_conversation_is_of_the_pinned_version_and_carries_the_metadata(bench: Bench) -> None:
    agent = await bench.agent()
    await bench.mistral.beta.agents.update_async(agent_id=agent.remote_id, instructions="newer")
    outcome = await bench.run(agent, "Hello")
    [conversation] = bench.standin.conversations()
    assert conversation.id == outcome.result.conversation_id
    assert conversation.opened_with.agent_version == agent.remote_version
    assert set(conversation.metadata or {}) == {"durable-agents.dev/uid"}


async def test_tools_of_one_turn_run_at_once(bench: Bench, tmp_path: Path) -> None:
    agent = await bench.agent("meet")
    calls = tuple(call("meet", folder=str(tmp_path), name=name) for name in ("anna", "bert"))
    bench.standin.set_scenario(script(calls))
    outcome = await bench.run(agent, "Meet")
    assert outcome.result.reason == Reason.SUCCEEDED
    assert bench.results() == ["anna met 1", "bert met 1"]


async def test_sync_tools_run_in_threads_and_may_beat(bench: Bench) -> None:
    agent = await bench.agent("where_am_i", "plain_activity")
    bench.standin.set_scenario(script((call("where_am_i"), call("plain_activity", word="loud"))))
    await bench.run(agent, "Where?")
    assert bench.results() == ["call_tool", "LOUD"]


async def test_whatever_a_tool_call_lacks_is_told_to_the_model(bench: Bench) -> None:
    agent = await bench.agent("get_rate", "explode", "leave")
    bench.standin.set_scenario(
        script(
            (
                call("get_rate", year="soon"),
                call("explode", word="luck"),
                call("leave"),
                call("rob_bank"),
                call("novel", letters=1),
            )
        )
    )
    outcome = await bench.run(agent, "Go")
    assert outcome.result.reason == Reason.SUCCEEDED
    invalid, failed, left, unknown, not_given = bench.results()
    assert (
        "get_rate was not called, its arguments are invalid: year: Input should be a valid integer" in invalid
    )
    assert failed == "explode failed: LookupError: no luck anywhere"
    assert left == "leave failed: SystemExit: 3"
    assert unknown == "There is no tool rob_bank. Your tools: explode, get_rate, leave"
    assert not_given.startswith("There is no tool novel.")


async def test_a_tool_that_the_worker_does_not_have_is_told_to_the_model(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    gone = agent.tools[0].model_copy(update={"name": "gone"})
    bench.standin.set_scenario(script((call("gone"),)))
    await bench.run(agent.model_copy(update={"tools": (gone,)}), "Go")
    assert bench.results() == ["There is no tool gone: this build of the worker does not have it."]


async def test_a_slow_tool_is_given_up_and_the_model_told(bench: Bench, tmp_path: Path) -> None:
    agent = await bench.agent("hang")
    hasty = agent.tools[0].model_copy(update={"timeout": timedelta(seconds=1)})
    bench.standin.set_scenario(script((call("hang", marker=str(tmp_path / "marker")),)))
    outcome = await bench.run(agent.model_copy(update={"tools": (hasty,)}), "Go")
    assert outcome.result.reason == Reason.SUCCEEDED
    [told] = bench.results()
    assert told.startswith(
        "hang did not finish within 1s and was given up. It may or may not have taken effect"
    )


async def test_results_too_large_for_temporal_are_cut(bench: Bench) -> None:
    agent = await bench.agent("novel")
    bench.standin.set_scenario(script((call("novel", letters=2_000_000), call("novel", letters=1_000_000))))
    outcome = await bench.run(agent, "Write")
    assert outcome.result.reason == Reason.SUCCEEDED
    assert sum(len(result.encode()) for result in bench.results()) < 1_000_000
    assert all("[cut: the whole text of" in result for result in bench.results())


async def test_an_answer_too_large_for_temporal_is_cut(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.set_scenario(script((ScriptedText(text="é" * 2_000_000),)))
    outcome = await bench.run(agent, "Write")
    assert outcome.result.reason == Reason.SUCCEEDED
    assert len(outcome.result.text.encode()) < 1_500_000
    assert bench.standin.counters().conversations_created == 1


async def test_after_the_last_turn_the_run_ends_with_what_was_written(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(
        script(
            (ScriptedText(text="First I look."), call("get_rate", year=2023)),
            (ScriptedText(text="Then again."), call("get_rate", year=2024)),
            (ScriptedText(text="Never said."),),
        )
    )
    outcome = await bench.run(agent, "Look", max_turns=2)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.MAX_TURNS_REACHED, 2)
    assert outcome.result.text == "First I look.\n\nThen again."
    assert bench.results() == ["4.25"]


async def test_the_time_limit_ends_the_run_with_what_was_written(bench: Bench, tmp_path: Path) -> None:
    agent = await bench.agent("hang")
    bench.standin.set_scenario(
        script((ScriptedText(text="I wait."), call("hang", marker=str(tmp_path / "m"))))
    )
    outcome = await bench.finished(await bench.start(agent, "Wait", limit=timedelta(seconds=2)))
    assert (outcome.result.reason, outcome.result.text) == (Reason.TIMED_OUT, "I wait.")
    assert "No final answer within 2s" in outcome.result.message
    assert outcome.finished_at - outcome.started_at >= timedelta(seconds=2)


async def test_the_time_limit_also_ends_a_model_call(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.hold("POST", START)
    outcome = await bench.finished(await bench.start(agent, "Wait", limit=timedelta(seconds=1)))
    assert (outcome.result.reason, outcome.result.turns) == (Reason.TIMED_OUT, 0)


async def test_a_cancelled_run_reports_once_and_ends_cancelled(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    held = bench.standin.hold("POST", APPEND)
    handle = await bench.start(agent, "What was the interest rate in 2023?")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    description = await handle.describe()
    assert description.status == WorkflowExecutionStatus.CANCELED
    [outcome] = bench.reports.taken[handle.id]
    assert (outcome.result.reason, outcome.result.turns) == (Reason.CANCELLED, 1)


async def test_a_failure_that_nobody_foresaw_is_reported_as_one(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    impossible = agent.tools[0].model_copy(update={"timeout": timedelta()})
    outcome = await bench.run(
        agent.model_copy(update={"tools": (impossible,)}), "What was the interest rate in 2023?"
    )
    assert (outcome.result.reason, outcome.result.turns) == (Reason.WORKFLOW_FAILED, 1)
    assert outcome.result.message
