"""What goes wrong with the model calls of a Local session, and what becomes of the run."""

import asyncio
import signal
from pathlib import Path

import pytest
from pydantic import JsonValue
from temporalio.client import WorkflowFailureError

from agents_crds.contract.names import STOP_SIGNAL, handoff_tool_name
from agents_crds.contract.run import AgentSnapshot
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.sessions.chat_answers import MOST_CALLS
from tests.standin.control import CHAT, rate_limited
from tests.standin.faults import AnswerWith, Cut, Effect, LoseResponse
from tests.standin.scenario import Scenario
from tests.workflows.bench import PATIENCE, Bench, settings_of
from tests.workflows.local_agents import PROTOCOLS, Protocol, chat_path, local_agent, results_told
from tests.workflows.temporal import make_current, scheduled
from tests.workflows.test_local_session import DONE, LOOK, script, turn
from tests.workflows.worker_process import worker_process

pytestmark = pytest.mark.asyncio(loop_scope="session")

both = pytest.mark.parametrize("protocol", PROTOCOLS)
TWO_TURNS = Scenario(scripts=(script(turn(LOOK), turn(DONE)),))


@both
@pytest.mark.parametrize(
    ("effect", "repeated"),
    [
        (LoseResponse(), 1),
        (Cut(), 1),
        (AnswerWith(status=500), 0),
        (AnswerWith(status=200, body={"choices": []}), 1),
        (AnswerWith(status=200, body={"error": {"message": "upstream is away", "code": 502}}), 1),
    ],
    ids=["answer lost", "request lost", "500", "200 of nothing", "200 with an error"],
)
async def test_a_call_that_failed_is_made_again_and_counted_where_it_may_have_been_paid(
    bench: Bench, protocol: Protocol, effect: Effect, repeated: int
) -> None:
    bench.standin.set_scenario(TWO_TURNS)
    bench.standin.fail("POST", chat_path(protocol), effect, nth=2)
    result = (await bench.run(local_agent(bench, "get_rate", protocol=protocol), "Look")).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "It was 4.25.", 2)
    assert result.repeated_calls == repeated
    assert results_told(bench) == ["4.25"]


async def test_a_failure_after_a_lost_answer_does_not_hide_it(bench: Bench) -> None:
    bench.standin.set_scenario(TWO_TURNS)
    bench.standin.fail("POST", CHAT, LoseResponse())
    bench.standin.fail("POST", CHAT, AnswerWith(status=503), nth=2)
    result = (await bench.run(local_agent(bench, "get_rate"), "Look")).result
    assert (result.reason, result.repeated_calls) == (Reason.SUCCEEDED, 1)


async def test_a_429_after_a_lost_answer_does_not_hide_it_either(bench: Bench) -> None:
    bench.standin.set_scenario(TWO_TURNS)
    bench.standin.fail("POST", CHAT, LoseResponse())
    bench.standin.fail("POST", CHAT, rate_limited(1), nth=2)
    result = (await bench.run(local_agent(bench, "get_rate"), "Look")).result
    assert (result.reason, result.repeated_calls) == (Reason.SUCCEEDED, 1)


async def test_a_provider_that_never_answers_is_given_up_with_the_count_of_what_was_repeated(
    bench: Bench,
) -> None:
    bench.standin.fail("POST", CHAT, LoseResponse(), times=None)
    result = (await bench.run(local_agent(bench), "Look")).result
    assert (result.reason, result.repeated_calls) == (Reason.PROVIDER_ERROR, PATIENCE.attempts - 1)


async def test_a_worker_that_is_killed_during_a_call_changes_nothing_but_the_count(
    bench: Bench, tmp_path: Path
) -> None:
    queue = f"test/ns/providers/{bench.unique}"
    settings = settings_of(bench.secrets, pool_queue=f"test/ns/pools/{bench.unique}")
    agent = local_agent(bench, "get_rate", provider_queue=queue)
    bench.standin.set_scenario(TWO_TURNS)
    held = bench.standin.hold("POST", CHAT, at="after", times=1, nth=2)
    await make_current(bench.client, settings.deployment_name, settings.build_id)
    async with worker_process(bench.client, settings, tmp_path / "log", provider_queues=[queue]) as first:
        handle = await bench.start(agent, "Look")
        await asyncio.to_thread(bench.standin.wait_until_held, held)
        first.send_signal(signal.SIGKILL)
        await first.wait()
    bench.standin.release(held)
    async with worker_process(bench.client, settings, tmp_path / "log", provider_queues=[queue]):
        result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "It was 4.25.", 2)
    assert result.repeated_calls == 1
    assert results_told(bench) == ["4.25"]


@both
async def test_a_provider_that_limits_the_rate_is_waited_for(bench: Bench, protocol: Protocol) -> None:
    bench.standin.set_scenario(TWO_TURNS)
    bench.standin.fail("POST", chat_path(protocol), rate_limited(1), times=2)
    handle = await bench.start(local_agent(bench, "get_rate", protocol=protocol), "Look")
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns, result.repeated_calls) == (Reason.SUCCEEDED, 2, 0)
    assert (await scheduled(handle)).count("complete_chat") == 4


@pytest.mark.parametrize(
    ("change", "reason", "says"),
    [
        ({"model": "no-such-model"}, Reason.MODEL_NOT_FOUND, "no-such-model"),
        ({"protocol": "ChatCompletions", "model": "no-such"}, Reason.MODEL_NOT_FOUND, "no-such"),
    ],
)
async def test_a_model_that_is_not_there_is_named(
    bench: Bench, change: dict[str, str], reason: Reason, says: str
) -> None:
    result = (await bench.run(local_agent(bench, **change), "Look")).result  # type: ignore[arg-type]
    assert result.reason == reason
    assert says in result.message


async def test_a_server_that_is_not_there_tells_what_to_correct(bench: Bench) -> None:
    agent = _at(local_agent(bench, protocol="ChatCompletions"), url=f"{bench.standin.url}/nothing")
    result = (await bench.run(agent, "Look")).result
    assert result.reason == Reason.MODEL_NOT_FOUND
    assert f"no chat completions at {agent.provider.url}: correct spec.model" in result.message


async def test_without_a_key_none_is_sent_and_a_server_that_wants_one_says_so(bench: Bench) -> None:
    result = (await bench.run(_at(local_agent(bench), key_path=""), "Look")).result
    assert result.reason == Reason.PROVIDER_UNAUTHORIZED
    assert "name it in spec.apiKeySecretRef of the ModelProvider" in result.message


@pytest.mark.parametrize(
    ("finish", "says"), [("length", "raise completion.maxTokens"), ("content_filter", "content filter")]
)
async def test_an_answer_of_nothing_says_why(bench: Bench, finish: str, says: str) -> None:
    nothing: JsonValue = {"choices": [{"message": {"content": None}, "finish_reason": finish}]}
    bench.standin.fail("POST", CHAT, AnswerWith(status=200, body=nothing))
    result = (await bench.run(local_agent(bench), "Look")).result
    assert result.reason == Reason.PROVIDER_REJECTED
    assert says in result.message


async def test_an_answer_that_only_harms_keeps_no_run_for_ever(bench: Bench) -> None:
    name = handoff_tool_name("gone")
    call: JsonValue = {"id": "same", "function": {"name": name, "arguments": "{"}}
    content: JsonValue = [{"type": "text", "text": "Hm."}, {"odd": [[[[]]]]}, "So.", 7]
    harm: JsonValue = {"choices": [{"message": {"content": content, "tool_calls": [call] * 3_000}}]}
    bench.standin.set_scenario(Scenario(scripts=(script(turn(DONE), turn(DONE)),)))
    bench.standin.fail("POST", CHAT, AnswerWith(status=200, body=harm))
    agent = local_agent(bench, "get_rate", handoffs=("gone",))
    result = (await bench.run(agent, "Look")).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "It was 4.25.", 2)
    told = results_told(bench)
    assert len(told) == MOST_CALLS
    assert all("the run does not know that agent" in text for text in told)


async def test_a_run_is_cancelled_in_the_middle_of_a_call(bench: Bench) -> None:
    held = bench.standin.hold("POST", CHAT)
    handle = await bench.start(local_agent(bench), "Look")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), 20)
    [outcome] = bench.reports.taken[handle.id]
    assert (outcome.result.reason, outcome.result.turns) == (Reason.CANCELLED, 0)


async def test_a_run_is_stopped_after_the_call_in_flight(bench: Bench) -> None:
    bench.standin.set_scenario(TWO_TURNS)
    held = bench.standin.hold("POST", CHAT)
    handle = await bench.start(local_agent(bench, "get_rate"), "Look")
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.signal(STOP_SIGNAL)
    bench.standin.release(held)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.turns) == (Reason.STOPPED, 1)


def _at(agent: AgentSnapshot, **provider: str) -> AgentSnapshot:
    return agent.model_copy(update={"provider": agent.provider.model_copy(update=provider)})
