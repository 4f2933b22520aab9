"""Durations as users write them, as Kubernetes stores them and as people read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agents_crds.v1alpha1.fields import (
    Duration,
    Time,
    Timeout,
    exact_duration,
    format_duration,
    parse_duration,
    utc,
)

DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
TIMEOUT: TypeAdapter[timedelta] = TypeAdapter(Timeout)
TIME: TypeAdapter[datetime] = TypeAdapter(Time)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("0s", timedelta()),
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("1h1m1s1ms", timedelta(hours=1, minutes=1, seconds=1, milliseconds=1)),
        ("90s", timedelta(seconds=90)),
        ("007s", timedelta(seconds=7)),
        ("5s1m", timedelta(seconds=65)),
        ("1h1h", timedelta(hours=2)),
        ("99999h", timedelta(hours=99999)),
    ],
)
def test_duration_is_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "10",
        "s",
        "1d",
        "1.5h",
        "-1s",
        "+1s",
        "1 h",
        "1h ",
        "1h\n",
        "1H",
        "1us",
        "123456s",
        "1h1m1s1ms1ms",
    ],
)
def test_text_that_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 30s, 10m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize("value", [60, 1.5, True, None, ["1h"], {"hours": 1}])
def test_duration_is_nothing_but_text(value: object) -> None:
    with pytest.raises(ValidationError):
        DURATION.validate_python(value)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(milliseconds=1), "1ms"),
        (timedelta(microseconds=1999), "1ms"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(hours=1), "1h"),
        (timedelta(days=1, seconds=1), "24h1s"),
        (timedelta(hours=720), "720h"),
    ],
)
def test_duration_is_stored_in_kubernetes_notation(duration: timedelta, text: str) -> None:
    assert exact_duration(duration) == text


@given(st.integers(0, 99_999 * 3_600_000))
def test_stored_duration_reads_back_the_same(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert DURATION.validate_python(exact_duration(duration)) == duration


@pytest.mark.parametrize("duration", [timedelta(milliseconds=-1), timedelta(hours=99_999, milliseconds=1)])
def test_duration_that_cannot_be_stored_is_refused(duration: timedelta) -> None:
    with pytest.raises(ValidationError, match="between 0s and 99999h"):
        DURATION.validate_python(duration)


@pytest.mark.parametrize("text", ["1s", "720h", "719h60m", "1000ms"])
def test_timeout_is_between_a_second_and_thirty_days(text: str) -> None:
    assert TIMEOUT.validate_python(text) == parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "999ms", "721h", "720h1ms"])
def test_timeout_beyond_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="between 1s and 720h"):
        TIMEOUT.validate_python(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.04, "0s"),
        (0.4, "0.4s"),
        (4.2, "4.2s"),
        (4.96, "5s"),
        (59.94, "59.9s"),
        (59.96, "1m"),
        (60, "1m"),
        (119.9, "1m59s"),
        (125, "2m5s"),
        (3599, "59m59s"),
        (3600, "1h"),
        (3780, "1h3m"),
        (90061, "25h1m"),
    ],
)
def test_duration_is_shown_as_people_read_it(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.floats(0, 10**7))
def test_shown_duration_fits_its_column(seconds: float) -> None:
    assert len(format_duration(timedelta(seconds=seconds))) <= len("2777h46m")


def test_time_reads_back_as_it_was_cut() -> None:
    moment = datetime(2026, 1, 1, 13, 0, 0, 999_999, timezone(timedelta(hours=2)))
    assert TIME.validate_json(TIME.dump_json(moment)) == utc(moment) == datetime(2026, 1, 1, 11, tzinfo=UTC)


def test_time_is_written_as_kubernetes_does() -> None:
    assert TIME.dump_json(datetime(2026, 1, 1, 11, 0, 0, 5, UTC)) == b'"2026-01-01T11:00:00Z"'
