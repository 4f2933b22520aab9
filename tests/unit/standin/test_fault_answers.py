"""The answers of a server in trouble, in each of their spellings."""

import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.control import (
    APPEND,
    START,
    StandIn,
    invalid_fields,
    invalid_text,
    locked,
    rate_limited,
    rate_limited_for,
    rate_limited_until,
)
from tests.standin.faults import AnswerWith, BreakOff, LoseResponse
from tests.unit.standin.samples import KEY, MODEL, text_of


@pytest.mark.parametrize(
    ("fault", "header", "value"),
    [
        (rate_limited(3), "retry-after", "3"),
        (
            rate_limited_until(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
            "retry-after",
            "Fri, 02 Jan 2026 03:04:05 GMT",
        ),
        (rate_limited_for(1500), "retry-after-ms", "1500"),
    ],
)
def test_a_rate_limit_says_in_three_ways_when_to_come_back(
    mistral: Mistral, standin: StandIn, fault: AnswerWith, header: str, value: str
) -> None:
    standin.fail("POST", START, fault)
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.start(model=MODEL, inputs="hi")
    assert (refused.value.status_code, refused.value.headers[header]) == (429, value)
    assert standin.conversations() == ()


def test_a_time_of_another_zone_is_sent_as_gmt() -> None:
    when = datetime.now(UTC).astimezone() + timedelta(hours=1)
    assert rate_limited_until(when).headers["retry-after"].endswith("GMT")
    assert rate_limited_until(when) == rate_limited_until(when.astimezone(UTC))


def test_a_lock_can_last_for_some_requests(mistral: Mistral, standin: StandIn) -> None:
    started = mistral.beta.conversations.start(model=MODEL, inputs="hi")
    standin.fail("POST", APPEND, locked(), times=2)
    for _ in range(2):
        with pytest.raises(errors.SDKError) as refused:
            mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs="again")
        assert refused.value.status_code == 409
        message = refused.value.raw_response.json()["message"]
        assert message == "Conversation is being updated, concurrent requests are not supported"
    assert text_of(mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs="again"))
    assert standin.counters().appends == 1


def test_a_refused_body_is_a_list_or_a_text(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, invalid_fields("inputs", message="Input should be a valid string"))
    with pytest.raises(errors.HTTPValidationError) as listed:
        mistral.beta.conversations.start(model=MODEL, inputs="hi")
    (detail,) = listed.value.raw_response.json()["detail"]
    assert (detail["loc"], detail["msg"]) == (["body", "inputs"], "Input should be a valid string")
    standin.fail("POST", START, invalid_text("The body makes no sense"))
    with pytest.raises(errors.ResponseValidationError) as told:
        mistral.beta.conversations.start(model=MODEL, inputs="hi")
    assert told.value.status_code == 422
    assert told.value.raw_response.json() == {"detail": "The body makes no sense"}


def test_a_body_can_break_off_after_the_side_effect(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, LoseResponse(after_bytes=20))
    with pytest.raises(httpx2.TransportError):
        mistral.beta.conversations.start(model=MODEL, inputs="hi")
    assert standin.counters().conversations_created == len(standin.conversations()) == 1
    assert standin.counters().responses == {"POST /v1/conversations cut": 1}


def streamed(standin: StandIn) -> list[dict[str, object]]:
    response = httpx2.post(
        f"{standin.url}/v1/conversations",
        json={"model": MODEL, "inputs": "hi", "stream": True},
        headers={"authorization": f"Bearer {KEY}"},
    )
    lines = (line.partition("data: ")[2] for line in response.text.splitlines() if line.startswith("data: "))
    return [json.loads(line) for line in lines]


def test_a_stream_can_end_silently_or_by_an_error(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, BreakOff(after_events=2))
    assert [event["type"] for event in streamed(standin)] == [
        "conversation.response.started",
        "message.output.delta",
    ]
    standin.fail("POST", START, BreakOff(after_events=1, message="it broke", code=3000))
    with mistral.beta.conversations.start_stream(model=MODEL, inputs="hi") as stream:
        events = [event.data for event in stream]
    assert isinstance(events[-1], models.ResponseErrorEvent)
    assert (events[-1].message, events[-1].code, len(events)) == ("it broke", 3000, 2)
    assert standin.counters().conversations_created == 2
