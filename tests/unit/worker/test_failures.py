"""What follows from a provider's failures."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from agents_crds.v1alpha1.conditions import Reason
from agents_worker.sessions.failures import Answered, Failure, KeyMissing, Unreachable, read_answer
from agents_worker.sessions.verdict import (
    AwaitKey,
    Effort,
    GiveUp,
    Patience,
    Throttle,
    TryAgain,
    Verdict,
    judge,
)

NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
GONE = GiveUp(Reason.CONVERSATION_LOST, "gone")
KEY_PATH = "mistral/api-key"
REFUSED = "The provider answered 401: it refused the key api-key of the Secret mistral. Put a valid key there"
PROBLEM = {"type": "string_too_long", "loc": ["body", "inputs", 0], "msg": "too long", "input": "my secret"}
FIRST = Effort(attempts=1, elapsed=timedelta())
DAY = timedelta(days=1)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, seconds(7)),
        ({"retry-after": "1.5"}, seconds(1.5)),
        ({"retry-after": "0"}, seconds(0)),
        ({"retry-after-ms": "250"}, seconds(0.25)),
        ({"retry-after-ms": "250", "retry-after": "9"}, seconds(0.25)),
        ({"retry-after-ms": "soon", "retry-after": "9"}, seconds(9)),
        ({"retry-after": "Sat, 01 Jun 2024 12:00:30 GMT"}, seconds(30)),
        ({"retry-after": "Sat, 01 Jun 2024 11:59:00 GMT"}, seconds(0)),
        (
            {"retry-after": "Sat, 01 Jun 2024 13:00:05 GMT", "date": "Sat, 01 Jun 2024 13:00:00 GMT"},
            seconds(5),
        ),
        ({"retry-after": "999999999999"}, DAY),
        ({"retry-after": "Sat, 01 Jun 2030 12:00:30 GMT"}, DAY),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_in_all_its_spellings(headers: Mapping[str, str], wait: timedelta | None) -> None:
    assert read_answer(503, headers, "", now=NOW).retry_after == wait


@pytest.mark.parametrize(
    ("body", "message", "kind", "code"),
    [
        (
            {"object": "error", "message": "Invalid model: x", "type": "invalid_model", "code": "1500"},
            "Invalid model: x",
            "invalid_model",
            "1500",
        ),
        ({"message": "no", "type": None, "code": 1500}, "no", "", "1500"),
        ({"detail": "Not allowed"}, "Not allowed", "", ""),
        ({"detail": [PROBLEM]}, "body.inputs.0: too long", "", ""),
        ({"detail": [PROBLEM, {"msg": "bad"}]}, "body.inputs.0: too long; bad", "", ""),
        ({"message": {"detail": [PROBLEM]}, "type": "invalid"}, "body.inputs.0: too long", "invalid", ""),
        ({"message": {"detail": "x"}}, "x", "", ""),
        ({"detail": {"input": "my secret"}}, "no further explanation", "", ""),
        ({"detail": [{"input": "my secret"}]}, "no further explanation", "", ""),
        ({}, "no further explanation", "", ""),
        ([1], "[1]", "", ""),
    ],
)
def test_error_bodies_are_read_as_far_as_they_are_known(
    body: object, message: str, kind: str, code: str
) -> None:
    answer = read_answer(400, {}, json.dumps(body), now=NOW)
    assert (answer.message, answer.kind, answer.code) == (message, kind, code)


def test_an_error_page_is_quoted_in_part() -> None:
    assert read_answer(502, {}, "<html>" + "x" * 5000, now=NOW).message == "<html>" + "x" * 994


def said(status: int, **parts: object) -> Answered:
    return Answered(status=status, message="words", **parts)  # type: ignore[arg-type]  # a table's shorthand


def quoted(status: int) -> str:
    return f"The provider answered {status}: words"


def again(status: int, delay: timedelta | None = None) -> TryAgain:
    return TryAgain(Reason.PROVIDER_ERROR, quoted(status), delay)


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (Unreachable("cut off"), TryAgain(Reason.PROVIDER_ERROR, "cut off", None)),
        (KeyMissing("no key"), AwaitKey(Reason.SECRET_NOT_FOUND, "no key")),
        (said(401), AwaitKey(Reason.PROVIDER_UNAUTHORIZED, REFUSED)),
        *[(said(status), again(status)) for status in (200, 408, 409, 425, 500, 502, 503, 504, 529)],
        (said(503, retry_after=seconds(4)), again(503, seconds(4))),
        (said(429), Throttle(quoted(429), None)),
        (said(429, retry_after=seconds(4)), Throttle(quoted(429), seconds(4))),
        (said(429, should_retry=True), Throttle(quoted(429), None)),
        (said(429, should_retry=False), GiveUp(Reason.PROVIDER_ERROR, quoted(429))),
        (said(500, should_retry=False), GiveUp(Reason.PROVIDER_ERROR, quoted(500))),
        (said(422, should_retry=True), again(422)),
        *[
            (said(status), GiveUp(Reason.PROVIDER_REJECTED, quoted(status)))
            for status in (307, 400, 403, 422)
        ],
        (said(404), GONE),
        (said(400, kind="invalid_model"), GiveUp(Reason.MODEL_NOT_FOUND, quoted(400))),
        (said(400, code="1500"), GiveUp(Reason.MODEL_NOT_FOUND, quoted(400))),
    ],
)
def test_what_follows_from_a_first_failure(failure: Failure, verdict: Verdict) -> None:
    assert judge(failure, FIRST, Patience(), key_path=KEY_PATH, gone=GONE) == verdict


@pytest.mark.parametrize(
    ("failure", "attempts", "minutes", "final"),
    [
        (said(500), 9, 14.9, False),
        (said(500), 10, 1, True),
        (said(500), 2, 20, False),
        (said(500), 3, 15, True),
        (Unreachable("cut off"), 10, 1, True),
        (said(401), 50, 60, False),
        (KeyMissing("no key"), 50, 60, False),
        (said(429), 50, 60, False),
    ],
)
def test_patience_ends(failure: Failure, attempts: int, minutes: float, final: bool) -> None:  # noqa: FBT001  # a table
    effort = Effort(attempts, timedelta(minutes=minutes))
    verdict = judge(failure, effort, Patience(), key_path=KEY_PATH, gone=GONE)
    assert isinstance(verdict, GiveUp) == final


@pytest.mark.parametrize(
    ("attempts", "minutes", "asked", "delay"),
    [
        (1, 0, seconds(60), seconds(60)),
        (1, 0, timedelta(hours=20), timedelta(minutes=15)),
        (5, 14, timedelta(hours=20), timedelta(minutes=1)),
        (2, 14, seconds(7), seconds(7)),
        (2, 15, timedelta(hours=20), None),
        (2, 40, timedelta(hours=20), None),
        (2, 14, None, None),
    ],
)
def test_a_wait_that_the_provider_asks_for_stays_within_the_patience(
    attempts: int, minutes: float, asked: timedelta | None, delay: timedelta | None
) -> None:
    effort = Effort(attempts, timedelta(minutes=minutes))
    failure = said(503, retry_after=asked)
    assert judge(failure, effort, Patience(), key_path=KEY_PATH, gone=GONE) == again(503, delay)
