"""What a provider's failures are, read from its answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import to_json

_LONGEST_MESSAGE = 1000
_LONGEST_WAIT = timedelta(days=1)
_UNEXPLAINED = "no further explanation"


@dataclass(frozen=True)
class KeyMissing:
    """The provider's key cannot be read; nothing was sent."""

    message: str


@dataclass(frozen=True)
class Unreachable:
    """No answer came; what was sent may have arrived."""

    message: str
    sent: bool = True
    """Whether it was sent at all."""


@dataclass(frozen=True)
class Answered:
    """The provider answered with an error, or with a success that cannot be read."""

    status: int
    message: str
    kind: str = ""
    """The error's `type`."""
    code: str = ""
    retry_after: timedelta | None = None
    should_retry: bool | None = None

    @property
    def explains(self) -> bool:
        """Whether the provider said what is wrong."""
        return self.message != _UNEXPLAINED


Failure = KeyMissing | Unreachable | Answered


class ProviderFailed(Exception):
    """A call to the provider failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Problem(BaseModel):
    """What FastAPI says of a part of a request, without the `input`: that is the user's own text."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    loc: tuple[str | int, ...] = ()
    msg: str


class _Detailed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    detail: str | tuple[_Problem, ...]


_EXPLANATION = TypeAdapter[str | tuple[_Problem, ...] | _Detailed](str | tuple[_Problem, ...] | _Detailed)


class _ErrorBody(BaseModel):
    """`{"object":"error","message","type","param","code"}`, OpenAI's the same in `{"error"}`, or FastAPI's
    `{"detail"}`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    message: Any = None
    detail: Any = None
    type: Any = None
    code: Any = None
    error: Any = None

    def unwrapped(self) -> "_ErrorBody":
        """Return the error itself, where it is within another object."""
        match self.error:
            case dict(error):
                return _ErrorBody.model_validate(error)
            case str(words) if self.message is None:
                return self.model_copy(update={"message": words})
            case _:
                return self


def read_answer(status: int, headers: Mapping[str, str], body: str, *, now: datetime) -> Answered:
    """Read an error answer; `headers` has lower-case names, `now` counts where the answer has no Date."""
    try:
        error = _ErrorBody.model_validate_json(body).unwrapped()
    except ValidationError:
        error = _ErrorBody(message=body)
    words = _explained(error.message) or _explained(error.detail) or _UNEXPLAINED
    return Answered(
        status=status,
        message=words[:_LONGEST_MESSAGE],
        kind=_words(error.type),
        code=_words(error.code),
        retry_after=read_retry_after(headers, now=now),
        should_retry={"true": True, "false": False}.get(headers.get("x-should-retry", "").lower()),
    )


def read_retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Read how long to wait, a day at most: `retry-after-ms`, `retry-after` in seconds, or an HTTP date."""
    text = headers.get("retry-after")
    milliseconds, seconds, until = _number(headers.get("retry-after-ms")), _number(text), _http_date(text)
    if milliseconds is not None:
        return min(timedelta(milliseconds=milliseconds), _LONGEST_WAIT)
    if seconds is not None:
        return min(timedelta(seconds=seconds), _LONGEST_WAIT)
    if until is not None:
        # The provider's own clock counts, where it tells the time.
        return min(max(timedelta(), until - (_http_date(headers.get("date")) or now)), _LONGEST_WAIT)
    return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < 1e12 else None


def _http_date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date


def _explained(value: Any) -> str:
    try:
        explanation = _EXPLANATION.validate_python(value)
    except ValidationError:
        # Of an unknown shape: it may repeat the request.
        return ""
    match explanation:
        case _Detailed(detail=detail):
            return _explanation(detail)
        case _:
            return _explanation(explanation)


def _explanation(said: str | tuple[_Problem, ...]) -> str:
    match said:
        case str():
            return said.strip()
        case _:
            return "; ".join(_problem(problem) for problem in said)


def _problem(problem: _Problem) -> str:
    place = ".".join(str(part) for part in problem.loc)
    return f"{place}: {problem.msg}" if place else problem.msg


def _words(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case _:
            return to_json(value).decode()
