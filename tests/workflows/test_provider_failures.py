"""Runs whose provider fails: nothing is done twice, and the reason tells what went wrong."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import JsonValue

from agents_crds.contract.run import Usage
from agents_crds.v1alpha1.conditions import Reason
from tests.standin.control import APPEND, START
from tests.standin.entries import FunctionCall
from tests.standin.faults import AddUnknownEntry, AnswerWith, Cut, LoseResponse
from tests.workflows.bench import PATIENCE, Bench
from tests.workflows.temporal import failure_seen, pauses

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = "What was the interest rate in 2023?"
HISTORY = "/v1/conversations/*/history"
SOON = {"retry-after-ms": "50"}


def done_once(bench: Bench) -> bool:
    """Tell whether the provider saw one conversation, one append and one result."""
    counters = bench.standin.counters()
    return (counters.conversations_created, counters.appends, counters.function_results) == (1, 1, 1)


@pytest.mark.parametrize(
    "fault",
    [LoseResponse(), Cut(), AnswerWith(status=200, body="<html>")],
    ids=["answer lost", "request lost", "answer unreadable"],
)
async def test_a_call_without_an_answer_is_carried_out_once(
    bench: Bench, fault: LoseResponse | Cut | AnswerWith
) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", START, fault, contains="2023")
    bench.standin.fail("POST", APPEND, fault, contains="0.5")
    outcomes = await asyncio.gather(
        *(bench.run(agent, f"What was the interest rate in {year}?") for year in (2023, 2022))
    )
    assert [outcome.result.reason for outcome in outcomes] == [Reason.SUCCEEDED] * 2
    assert [outcome.result.turns for outcome in outcomes] == [2, 2]
    for outcome, rate in zip(outcomes, ("4.25", "0.5"), strict=True):
        assert rate in outcome.result.text
        assert outcome.result.usage != Usage()
    counters = bench.standin.counters()
    assert (counters.conversations_created, counters.appends, counters.function_results) == (2, 2, 2)


async def test_an_entry_of_an_unknown_type_is_passed_over(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", "/v1/conversations/**", AddUnknownEntry())
    bench.standin.fail("POST", "/v1/conversations", AddUnknownEntry())
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert "4.25" in outcome.result.text
    assert outcome.result.usage != Usage()
    assert done_once(bench)


async def test_an_unknown_entry_in_a_lost_answer_is_passed_over(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", APPEND, AddUnknownEntry())
    bench.standin.fail("POST", APPEND, LoseResponse())
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert done_once(bench)


async def test_a_conversation_that_is_never_answered_is_replaced(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", START, LoseResponse())
    unanswered: JsonValue = {
        "conversation_id": "conv",
        "entries": [{"type": "message.input", "role": "user", "content": "?"}],
    }
    silence = bench.standin.fail("GET", HISTORY, AnswerWith(status=200, body=unanswered), times=None)
    outcome = await bench.run(agent, QUESTION)
    bench.standin.remove_faults(silence)
    assert outcome.result.reason == Reason.SUCCEEDED
    [left] = bench.standin.conversations()
    assert left.id == outcome.result.conversation_id
    counters = bench.standin.counters()
    assert (counters.conversations_created, counters.appends) == (2, 1)
    assert sum(one.deleted for one in counters.conversations.values()) == 1


async def test_an_append_that_is_never_answered_loses_the_conversation(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    held = bench.standin.hold("POST", APPEND)
    bench.standin.fail("POST", APPEND, LoseResponse())
    handle = await bench.start(agent, QUESTION)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    [conversation] = bench.standin.conversations()
    [call] = [entry for entry in conversation.entries if isinstance(entry, FunctionCall)]
    taken_in: JsonValue = {"type": "function.result", "tool_call_id": call.tool_call_id, "result": "4.25"}
    unanswered: JsonValue = {"conversation_id": conversation.id, "entries": [taken_in]}
    bench.standin.fail("GET", HISTORY, AnswerWith(status=200, body=unanswered), times=None)
    bench.standin.release(held)
    outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.CONVERSATION_LOST
    assert "took in the tool results, but its answer was lost" in outcome.result.message


async def test_a_conversation_that_is_gone_ends_the_run(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.fail("POST", APPEND, AnswerWith(status=404))
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.CONVERSATION_LOST
    assert f"no longer has the conversation {outcome.result.conversation_id}" in outcome.result.message


async def test_a_429_is_waited_out_on_a_timer_however_it_is_spelled(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=2.5), usegmt=True)
    spellings: tuple[tuple[str, dict[str, str], float, float], ...] = (
        ("in-ms", {"retry-after-ms": "1200"}, 1.2, 1.45),
        ("in-s", {"retry-after": "2"}, 2, 2.4),
        ("by-date", {"retry-after": later}, 1, 4.2),
        ("unsaid", {}, 1, 1.2),
    )

    async def pause(word: str, headers: dict[str, str]) -> timedelta:
        bench.standin.fail("POST", START, AnswerWith(status=429, headers=headers), contains=word)
        handle = await bench.start(agent, f"{QUESTION} ({word})")
        assert (await bench.finished(handle)).result.reason == Reason.SUCCEEDED
        [waited] = await pauses(handle)
        return waited

    times = await asyncio.gather(*(pause(word, headers) for word, headers, _, _ in spellings))
    for waited, (word, _, least, most) in zip(times, spellings, strict=True):
        assert timedelta(seconds=least) <= waited <= timedelta(seconds=most), word
    counters = bench.standin.counters()
    assert (counters.conversations_created, counters.appends) == (4, 4)


async def test_429s_never_use_up_the_patience(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    limited = AnswerWith(status=429, headers={"retry-after": "0"})
    bench.standin.fail("POST", START, limited, times=PATIENCE.attempts)
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert done_once(bench)


async def test_a_rate_limit_that_lasts_ends_with_the_runs_time(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.fail("POST", START, AnswerWith(status=429), times=None)
    outcome = await bench.finished(await bench.start(agent, QUESTION, limit=timedelta(seconds=1.5)))
    assert outcome.result.reason == Reason.TIMED_OUT
    assert outcome.result.message.endswith("the provider was limiting the rate (429)")


async def test_passing_errors_are_tried_again(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    for path, statuses in ((START, (408, 503)), (APPEND, (409, 500))):
        for nth, status in enumerate(statuses, start=1):
            bench.standin.fail("POST", path, AnswerWith(status=status, headers=SOON), nth=nth)
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert done_once(bench)
    answered = bench.standin.counters().responses
    one = "POST /v1/conversations"
    assert [answered[f"{one} {status}"] for status in (408, 503, 200)] == [1, 1, 1]
    assert [answered[f"{one}/{{conversation_id}} {status}"] for status in (409, 500, 200)] == [1, 1, 1]


async def test_an_error_that_lasts_ends_the_run_with_the_providers_words(bench: Bench) -> None:
    agent = await bench.agent()
    body: JsonValue = {
        "object": "error",
        "message": "Service unavailable",
        "type": "internal",
        "code": "3000",
    }
    bench.standin.fail("POST", START, AnswerWith(status=503, headers=SOON, body=body), times=None)
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.PROVIDER_ERROR
    assert "The provider answered 503: Service unavailable (3 attempts in" in outcome.result.message


async def test_a_provider_that_forbids_to_try_again_is_obeyed(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.fail("POST", START, AnswerWith(status=500, headers={"x-should-retry": "false"}))
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.PROVIDER_ERROR
    assert bench.standin.counters().requests["POST /v1/conversations"] == 1


async def test_a_key_put_right_in_the_file_lets_a_waiting_run_finish(bench: Bench) -> None:
    key_path = bench.write_key("wrong", "wrong-key")
    agent = await bench.agent("get_rate", key_path=key_path)
    handle = await bench.start(agent, QUESTION)
    await failure_seen(handle, "it refused the key api-key of the Secret wrong")
    bench.write_key("wrong", "standin-key")
    outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert done_once(bench)


async def test_a_key_that_stays_wrong_ends_with_the_runs_time_and_none_of_the_providers_words(
    bench: Bench,
) -> None:
    agent = await bench.agent()
    body: JsonValue = {"message": "Incorrect API key provided: stan****-key"}
    bench.standin.fail("POST", START, AnswerWith(status=401, body=body), times=None)
    handle = await bench.start(agent, QUESTION, limit=timedelta(seconds=1.5))
    outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.TIMED_OUT
    assert outcome.result.message.endswith("the provider's key was missing or refused")
    history = (await handle.fetch_history()).to_json()
    assert "it refused the key api-key of the Secret provider" in history
    assert "stan****" not in history


async def test_waiting_for_a_key_leaves_the_patience_for_errors(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    for nth in range(1, PATIENCE.attempts + 2):
        bench.standin.fail("POST", START, AnswerWith(status=401), nth=nth)
    for nth in range(PATIENCE.attempts + 2, 2 * PATIENCE.attempts + 1):
        bench.standin.fail("POST", START, AnswerWith(status=503, headers=SOON), nth=nth)
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.SUCCEEDED
    assert done_once(bench)
    answered = bench.standin.counters().responses
    assert [answered[f"POST /v1/conversations {status}"] for status in (401, 503, 200)] == [4, 2, 1]


async def test_errors_that_last_end_the_run_also_after_waiting_for_a_key(bench: Bench) -> None:
    agent = await bench.agent()
    bench.standin.fail("POST", START, AnswerWith(status=401), nth=1)
    for nth in range(2, 8):
        bench.standin.fail("POST", START, AnswerWith(status=503, headers=SOON), nth=nth)
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.PROVIDER_ERROR
    assert "(3 attempts in" in outcome.result.message


async def test_a_secret_that_appears_late_lets_a_waiting_run_finish(bench: Bench) -> None:
    agent = await bench.agent("get_rate", key_path="late/api-key")
    handle = await bench.start(agent, QUESTION)
    await failure_seen(handle, "The Secret late with the key api-key is not there: create it")
    bench.write_key("late", "standin-key")
    outcome = await bench.finished(handle)
    assert outcome.result.reason == Reason.SUCCEEDED


async def test_an_unknown_model_is_named(bench: Bench) -> None:
    agent = await bench.agent()
    body: JsonValue = {
        "object": "error",
        "message": "Invalid model: mistral-huge",
        "type": "invalid_model",
        "code": "1200",
    }
    bench.standin.fail("POST", START, AnswerWith(status=400, body=body))
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.MODEL_NOT_FOUND
    assert outcome.result.message == "The provider answered 400: Invalid model: mistral-huge"


async def test_a_refused_request_ends_the_run_with_the_providers_words(bench: Bench) -> None:
    agent = await bench.agent()
    body: JsonValue = {"detail": [{"loc": ["body", "inputs"], "msg": "too long"}]}
    bench.standin.fail("POST", START, AnswerWith(status=422, body=body))
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.PROVIDER_REJECTED
    assert "too long" in outcome.result.message


async def test_an_agent_that_is_gone_is_explained(bench: Bench) -> None:
    agent = await bench.agent()
    await bench.mistral.beta.agents.delete_async(agent_id=agent.remote_id)
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.reason == Reason.PROVIDER_REJECTED
    assert f"The provider has no agent {agent.remote_id} at version 0" in outcome.result.message


async def test_a_key_that_the_provider_repeats_stays_out_of_the_outcome(bench: Bench) -> None:
    agent = await bench.agent()
    body: JsonValue = {"message": "The key standin-key may not do this", "type": "forbidden"}
    bench.standin.fail("POST", START, AnswerWith(status=403, body=body))
    outcome = await bench.run(agent, QUESTION)
    assert outcome.result.message == "The provider answered 403: The key [key] may not do this"
