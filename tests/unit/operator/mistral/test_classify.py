"""What each kind of answer means."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_operator.mistral import (
    ModelNotFoundError,
    NotFoundError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnreachableError,
)
from agents_operator.mistral.classify import LONGEST_RETRY_AFTER, WORDS_LIMIT, provider_error, retry_after

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def error(message: JsonValue = "no", **fields: JsonValue) -> str:
    return json.dumps({"object": "error", "message": message, **fields})


def classified(status: int, body: str = "", *, model: str | None = "large", **headers: str) -> ProviderError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return provider_error(status, named, body, now=NOW, model=model)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, error("Unauthorized"), ProviderUnauthorizedError),
        (403, error("no access"), ProviderUnauthorizedError),
        (408, "", ProviderUnreachableError),
        (409, error("locked"), ProviderUnreachableError),
        (425, "", ProviderUnreachableError),
        (429, error("slow down", code="1300"), ProviderUnreachableError),
        (500, error("handoff", code="3000"), ProviderUnreachableError),
        (502, "<html>bad gateway</html>", ProviderUnreachableError),
        (400, error("Invalid model: large", type="invalid_model"), ModelNotFoundError),
        (400, error("Invalid model: large", code="1500"), ModelNotFoundError),
        (400, error("Invalid model: large", code=1500), ModelNotFoundError),
        (404, error("The model large does not exist"), ModelNotFoundError),
        (404, error("nothing", type="model_not_found"), ModelNotFoundError),
        (404, error("nothing", param="model"), ModelNotFoundError),
        (404, error("Agent ag_1 not found", type="not_found"), NotFoundError),
        (400, error("bad temperature"), ProviderRejectedError),
        (413, "", ProviderRejectedError),
        (422, error("bad"), ProviderRejectedError),
        (301, "", ProviderRejectedError),
        (200, "<html>a portal</html>", ProviderRejectedError),
    ],
)
def test_answer_is_classified(status: int, body: str, expected: type[ProviderError]) -> None:
    assert type(classified(status, body)) is expected


def test_404_names_no_model_in_a_request_without_one() -> None:
    assert type(classified(404, error("no model of that kind"), model=None)) is NotFoundError


@pytest.mark.parametrize(
    ("status", "should_retry", "expected"),
    [
        (400, "true", ProviderUnreachableError),
        (503, "false", ProviderRejectedError),
        (429, "false", ProviderRejectedError),
        (401, "true", ProviderUnauthorizedError),
    ],
)
def test_provider_that_says_whether_to_retry_is_obeyed(
    status: int, should_retry: str, expected: type[ProviderError]
) -> None:
    assert type(classified(status, x_should_retry=should_retry)) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 2026 12:01:00 GMT"}, 60.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, LONGEST_RETRY_AFTER.total_seconds()),
        ({"retry-after": "99999999999999999999"}, LONGEST_RETRY_AFTER.total_seconds()),
    ],
)
def test_retry_after_is_read_in_all_its_spellings(headers: dict[str, str], expected: float | None) -> None:
    pause = retry_after(headers, now=NOW)
    assert pause == (None if expected is None else timedelta(seconds=expected))


def test_rate_limit_is_told_apart_from_other_silence() -> None:
    limited, down = classified(429, retry_after="45"), classified(503)
    assert isinstance(limited, ProviderUnreachableError)
    assert isinstance(down, ProviderUnreachableError)
    assert (limited.rate_limited, limited.retry_after) == (True, timedelta(seconds=45))
    assert (down.rate_limited, down.retry_after) == (False, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (error("temperature is too high"), "answered 400: temperature is too high"),
        (error("two\nlines  of text"), "answered 400: two lines of text"),
        ("<html>proxy says no</html>", "answered 400: <html>proxy says no</html>"),
        (
            json.dumps(
                {"detail": [{"loc": ["body", "tools", 0], "msg": "Field required", "input": "secret"}]}
            ),
            "answered 400: body.tools.0: Field required",
        ),
        (
            error({"detail": [{"loc": ["body", "x"], "msg": "Extra inputs", "input": "secret"}]}),
            "answered 400: body.x: Extra inputs",
        ),
        (json.dumps({"detail": "not like this"}), "answered 400: not like this"),
        (json.dumps({"what": "you sent secret"}), "answered 400"),
        ("", "answered 400"),
    ],
)
def test_words_are_the_providers_and_never_repeat_what_was_sent(body: str, words: str) -> None:
    assert classified(400, body).words == words


def test_long_words_are_cut() -> None:
    assert len(classified(400, error("x" * 5000)).words) <= WORDS_LIMIT + len("answered 400: ")


def test_words_of_a_refused_key_are_not_repeated() -> None:
    assert "sk-abc" not in str(classified(401, error("Incorrect key sk-abc***xyz")))


def test_words_of_an_outage_stay_the_same() -> None:
    first = classified(503, error("upstream failed, request 17"))
    second = classified(503, error("upstream failed, request 18"))
    assert first.words == second.words == "answered 503"


def test_wrong_address_says_what_to_correct() -> None:
    moved = classified(301, location="https://api.example.com/")
    assert "https://api.example.com/" in moved.words
    assert "spec.url" in moved.words
    portal = classified(200, "<html></html>", content_type="text/html")
    assert "text/html" in portal.words
    assert "spec.url" in portal.words
