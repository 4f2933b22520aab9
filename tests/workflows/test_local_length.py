"""Local sessions that become long: longer than the model takes, and longer than an execution lasts."""

from pathlib import Path

import pytest
from mistralai.client import Mistral

from agents_crds.contract.entries import ToolCallEntry
from agents_crds.contract.run import LoopResult
from agents_crds.contract.transcript import ModelMessage, ResultMessage, SaidMessage
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.transcript import said_by_user
from tests.standin.control import StandIn
from tests.standin.scenario import Scenario, ScriptedCall, ScriptedText
from tests.workflows.bench import Bench, loop_input
from tests.workflows.local_agents import PROTOCOLS, Protocol, local_agent, results_told
from tests.workflows.temporal import scheduled
from tests.workflows.test_continue_as_new import executions_of, short_executions
from tests.workflows.test_local_session import DONE, LOOK, script, turn

pytestmark = pytest.mark.asyncio(loop_scope="session")

both = pytest.mark.parametrize("protocol", PROTOCOLS)
SMALL = "a-small-model"
READ = ScriptedCall(call="novel", arguments={"letters": 4_000})


def is_whole(result: LoopResult) -> bool:
    """Tell whether every call of the transcript has its result right behind it, and nothing else has one."""
    waiting = list[str]()
    for message in result.transcript:
        match message:
            case ModelMessage(calls=calls):
                if waiting:
                    return False
                waiting = [call.id for call in calls]
            case ResultMessage(call_id=call):
                if call != waiting.pop(0):
                    return False
            case SaidMessage():
                if waiting:
                    return False
    return not waiting


@both
@pytest.mark.parametrize("window", [4_000, None], ids=["window known", "window not known"])
async def test_a_conversation_that_outgrows_the_models_window_is_summarised_and_goes_on(
    bench: Bench, protocol: Protocol, window: int | None
) -> None:
    bench.standin.set_window(SMALL, 4_000)
    bench.standin.set_scenario(
        Scenario(scripts=(script(*[turn(READ)] * 8, turn(DONE), input="the whole of it"),))
    )
    agent = local_agent(bench, "novel", protocol=protocol, model=SMALL, window=window, polling=True)
    loop = loop_input(agent, "Read the whole of it, order 4711")
    handle = await bench.start_loop(loop)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "It was 4.25.", 9)
    made = await scheduled(handle)
    assert made.count("summarize") >= 2
    if window:
        assert made.count("complete_chat") == 9
    first, *rest = result.transcript
    assert isinstance(first, SaidMessage)
    assert first.summary
    asked, summary = (part.text for part in first.message.content if part.type == "text")
    assert asked.endswith("\nRead the whole of it, order 4711")
    assert summary.startswith("[Summary of what happened in it, written by a model")
    assert not any(isinstance(each, SaidMessage) for each in rest)
    assert is_whole(result)
    assert len(result.entries) == 9
    chats = bench.standin.counters().chats
    assert result.usage.total_tokens == sum(chat.total_tokens for chat in chats.values())
    assert result.agents[0].usage == result.usage
    assert result.agents[0].turns == 9


async def test_a_result_that_is_longer_than_the_window_is_cut(bench: Bench) -> None:
    bench.standin.set_window(SMALL, 4_000)
    read = ScriptedCall(call="novel", arguments={"letters": 100_000})
    bench.standin.set_scenario(Scenario(scripts=(script(turn(read), turn(DONE)),)))
    handle = await bench.start(local_agent(bench, "novel", model=SMALL), "Read")
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns) == (Reason.SUCCEEDED, 2)
    [told] = results_told(bench)
    assert len(told) < 16_000
    assert "[cut: the whole text of" in told


async def test_what_cannot_be_made_shorter_ends_the_run_with_what_to_do(bench: Bench) -> None:
    bench.standin.set_window(SMALL, 4_000)
    handle = await bench.start(local_agent(bench, model=SMALL), "Read: " + "words " * 5_000)
    result = (await bench.finished(handle)).result
    assert result.reason == Reason.CONTEXT_EXCEEDED
    assert "shorten the input, the instructions or what the tools return" in result.message
    assert await scheduled(handle) == ["complete_chat", "report"]


async def test_a_long_beginning_is_summarised_before_the_first_answer(bench: Bench) -> None:
    bench.standin.set_window(SMALL, 4_000)
    before = said_by_user("words " * 4_000).message
    loop = loop_input(local_agent(bench, model=SMALL), "").model_copy(
        update={"messages": (before, said_by_user("Say hello to me.").message)}
    )
    handle = await bench.start_loop(loop)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns) == (Reason.SUCCEEDED, 1)
    assert (await scheduled(handle)).count("complete_chat") == 2
    assert [type(message) for message in result.transcript] == [SaidMessage, SaidMessage, ModelMessage]


async def test_a_summary_counts_for_the_budget(bench: Bench) -> None:
    bench.standin.set_window(SMALL, 4_000)
    bench.standin.set_scenario(Scenario(scripts=(script(*[turn(READ)] * 5, turn(DONE), input="Read"),)))
    agent = local_agent(bench, "novel", model=SMALL, window=4_000, polling=True)
    handle = await bench.start(agent, "Read", max_turns=9, max_total_tokens=1_400)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns) == (Reason.BUDGET_EXCEEDED, 2)
    assert (await scheduled(handle))[-2:] == ["summarize", "report"]
    assert f"after {result.usage.total_tokens} tokens" in result.message


@both
async def test_a_new_execution_goes_on_with_the_whole_transcript(
    standin: StandIn, mistral: Mistral, secrets: Path, protocol: Protocol
) -> None:
    turns = 12
    look = turn(ScriptedText(text="Look {turn}."), LOOK, thought="Thought {turn}.")
    standin.set_scenario(
        Scenario(scripts=(script(look.model_copy(update={"repeat": turns - 1}), turn(DONE)),))
    )
    async with short_executions(standin, mistral, secrets) as bench:
        agent = local_agent(bench, "get_rate", protocol=protocol, polling=True)
        handle = await bench.start(agent, "Go on", max_turns=turns)
        result = (await bench.finished(handle)).result
        assert await executions_of(bench, handle) >= 3
    assert (result.reason, result.turns, result.text) == (Reason.SUCCEEDED, turns, "It was 4.25.")
    assert len(result.transcript) == 1 + 2 * (turns - 1) + 1
    assert is_whole(result)
    assert len([entry for entry in result.entries if isinstance(entry, ToolCallEntry)]) == turns - 1
    [chat] = standin.chats()
    sent = str(chat.request["messages"])
    assert all(f"Thought {number}." in sent for number in range(turns - 1))
