"""The stand-in goes wrong when and where a test says so, and counts what happened all the same."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal

import httpx2
import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.control import AGENTS, APPEND, START, StandIn, rate_limited
from tests.standin.faults import (
    AddUnknownEntry,
    AnswerWith,
    Cut,
    Effect,
    LoseResponse,
    Nothing,
    PlacedRule,
    Rule,
    matches,
    strikes,
)
from tests.unit.standin.samples import MODEL, QUESTION, calls_of, create_agent, eventually, result, text_of


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def start(mistral: Mistral, text: str = "hi") -> models.ConversationResponse:
    return mistral.beta.conversations.start(model=MODEL, inputs=text)


@pytest.mark.parametrize(
    ("rule", "path", "expected"),
    [
        (Rule(), "/v1/agents", True),
        (Rule(method="GET"), "/v1/agents", False),
        (Rule(path="/v1/agents/*"), "/v1/agents/ag_1", True),
        (Rule(path="/v1/agents/*"), "/v1/agents/ag_1/version", False),
        (Rule(path="/v1/agents/**"), "/v1/agents/ag_1/version", True),
        (Rule(path="/v1/conversations"), "/v1/conversations/conv_1", False),
        (Rule(contains="Paris"), "/v1/agents", True),
        (Rule(contains="Rome"), "/v1/agents", False),
    ],
)
def test_a_rule_matches_method_path_and_body(rule: Rule, path: str, expected: bool) -> None:  # noqa: FBT001 # a table's column
    assert matches(rule, "POST", path, '{"inputs": "Paris"}') is expected


@pytest.mark.parametrize(
    ("nth", "times", "struck"),
    [(1, 1, [1]), (2, 1, [2]), (2, 2, [2, 3]), (3, None, [3, 4, 5])],
)
def test_a_rule_strikes_from_the_nth_match_on_so_many_times(
    nth: int, times: int | None, struck: list[int]
) -> None:
    rule = Rule(nth=nth, times=times)
    assert [n for n in range(1, 6) if strikes(PlacedRule(id="r", rule=rule, matched=n))] == struck


def test_a_rate_limit_names_the_time_to_come_back(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, rate_limited(3))
    with pytest.raises(errors.SDKError) as refused:
        start(mistral)
    assert (refused.value.status_code, refused.value.headers["retry-after"]) == (429, "3")
    assert refused.value.raw_response.json()["type"] == "rate_limited"
    assert standin.counters().conversations == {}
    start(mistral)
    assert standin.counters().conversations_created == 1


def test_a_fault_can_bring_its_own_body(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("*", AGENTS, AnswerWith(status=503, body={"detail": "down for maintenance"}), times=None)
    for _ in range(2):
        with pytest.raises(errors.SDKError, match="down for maintenance"):
            mistral.beta.agents.get(agent_id="ag_1")
    standin.remove_faults()
    assert standin.rules() == ()


def test_only_the_nth_request_that_contains_a_text_fails(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, AnswerWith(status=500), contains="unlucky", nth=2)
    start(mistral, "lucky")
    start(mistral, "unlucky")
    start(mistral, "lucky")
    with pytest.raises(errors.SDKError):
        start(mistral, "unlucky")
    start(mistral, "unlucky")


@pytest.mark.parametrize(("effect", "made"), [(Cut(), 0), (LoseResponse(), 1)])
def test_a_connection_can_be_cut_before_or_after_the_side_effect(
    mistral: Mistral, standin: StandIn, effect: Effect, made: int
) -> None:
    standin.fail("POST", START, effect)
    with pytest.raises(httpx2.TransportError):
        start(mistral)
    assert standin.counters().conversations_created == made
    assert len(mistral.beta.conversations.list(metadata=None)) == made
    assert standin.counters().responses["POST /v1/conversations cut"] == 1


def test_a_lost_append_shows_in_the_history_and_is_not_taken_twice(
    mistral: Mistral, standin: StandIn
) -> None:
    started = mistral.beta.conversations.start(agent_id=create_agent(mistral).id, inputs=QUESTION)
    answer = result(calls_of(started)[0].tool_call_id, "4.5%")
    standin.fail("POST", APPEND, LoseResponse())
    with pytest.raises(httpx2.TransportError):
        mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs=[answer])
    history = mistral.beta.conversations.get_history(conversation_id=started.conversation_id)
    assert isinstance(history.entries[-1], models.MessageOutputEntry)
    with pytest.raises(errors.SDKError, match="Unexpected tool call id"):
        mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs=[answer])
    assert standin.counters().appends == standin.counters().function_results == 1


def test_an_unknown_entry_fails_the_sdk_after_the_side_effect(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, AddUnknownEntry())
    with pytest.raises(errors.ResponseValidationError) as failed:
        start(mistral)
    assert failed.value.status_code == 200
    outputs = failed.value.raw_response.json()["outputs"]
    assert [entry["type"] for entry in outputs] == ["message.output", "agent.reflection"]
    (conversation,) = standin.conversations()
    assert len(conversation.entries) == 3


def test_latency_delays_the_answer(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, Nothing(), latency=0.4)
    with pytest.raises(httpx2.TimeoutException):
        mistral.beta.conversations.start(model=MODEL, inputs="hi", timeout_ms=100)
    assert text_of(start(mistral))


def test_a_held_request_waits_for_its_release(
    mistral: Mistral, standin: StandIn, threads: ThreadPoolExecutor
) -> None:
    hold = standin.hold("POST", START)
    held: list[Future[models.ConversationResponse]] = [threads.submit(start, mistral) for _ in range(3)]
    standin.wait_until_held(hold, at_least=3)
    assert standin.waiting() == 3
    assert standin.counters().conversations_created == 0
    standin.release(hold)
    assert all(text_of(future.result(timeout=30)) for future in held)
    assert (standin.waiting(), standin.counters().conversations_created) == (0, 3)
    start(mistral)


def test_a_request_held_after_its_side_effect_has_had_it(
    mistral: Mistral, standin: StandIn, threads: ThreadPoolExecutor
) -> None:
    standin.hold("POST", START, at="after")
    held = threads.submit(start, mistral)
    standin.wait_until_held()
    assert standin.counters().conversations_created == 1
    standin.release()
    held.result(timeout=30)


def test_waiting_for_requests_that_do_not_come_ends_in_a_timeout(standin: StandIn) -> None:
    with pytest.raises(TimeoutError, match="0 requests wait"):
        standin.wait_until_held(timeout=0.05)


@pytest.mark.parametrize(("abandoned", "made", "outcome"), [("drop", 0, "cut"), ("finish", 1, "200")])
def test_a_held_request_whose_caller_is_gone_is_dropped_or_finished(
    mistral: Mistral,
    standin: StandIn,
    threads: ThreadPoolExecutor,
    abandoned: Literal["drop", "finish"],
    made: int,
    outcome: str,
) -> None:
    def give_up() -> None:
        mistral.beta.conversations.start(model=MODEL, inputs="hi", timeout_ms=1000)

    hold = standin.hold("POST", START, abandoned=abandoned)
    abandoning = threads.submit(give_up)
    standin.wait_until_held(hold)
    with pytest.raises(httpx2.TimeoutException):
        abandoning.result(timeout=30)
    assert standin.counters().conversations_created == 0
    if abandoned == "finish":
        standin.release(hold)
    eventually(lambda: f"POST /v1/conversations {outcome}" in standin.counters().responses)
    assert len(mistral.beta.conversations.list(metadata=None)) == made


def test_a_second_append_while_one_is_being_answered_is_409(
    mistral: Mistral, standin: StandIn, threads: ThreadPoolExecutor
) -> None:
    conversation_id = start(mistral).conversation_id
    standin.hold("POST", APPEND, contains="first")

    def append(text: str) -> models.ConversationResponse:
        return mistral.beta.conversations.append(conversation_id=conversation_id, inputs=text)

    first = threads.submit(append, "first")
    standin.wait_until_held()
    with pytest.raises(errors.SDKError) as refused:
        append("second")
    assert refused.value.status_code == 409
    message = refused.value.raw_response.json()["message"]
    assert message == "Conversation is being updated, concurrent requests are not supported"
    assert len(mistral.beta.conversations.get_history(conversation_id=conversation_id).entries) == 2
    standin.release()
    first.result(timeout=30)
    append("second")
    assert standin.counters().conversations[conversation_id].appends == 2


def test_fifty_runs_at_once_are_each_counted_once(
    mistral: Mistral, standin: StandIn, threads: ThreadPoolExecutor
) -> None:
    agent_id = create_agent(mistral).id

    def run(number: int) -> str:
        started = mistral.beta.conversations.start(
            agent_id=agent_id, inputs=f"Interest rate of bank B-{number} in 2023"
        )
        answer = result(calls_of(started)[0].tool_call_id, f"{number} %")
        return text_of(
            mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs=[answer])
        )

    texts = list(threads.map(run, range(50)))
    assert all(f"{number} %" in text for number, text in enumerate(texts))
    counters = standin.counters()
    assert (counters.conversations_created, counters.appends, counters.function_results) == (50, 50, 50)
    assert all(counts.appends == 1 for counts in counters.conversations.values())
