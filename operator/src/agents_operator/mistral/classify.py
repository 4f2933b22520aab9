"""What an answer of the provider means for us. Pure."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from agents_operator.mistral.errors import (
    ModelNotFoundError,
    NotFoundError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnreachableError,
)

WORDS_LIMIT = 300
LONGEST_RETRY_AFTER = timedelta(hours=1)
# 409 is the API's lock, 425 a replay guard: both say "later".
TRANSIENT = frozenset({408, 409, 425, 429})
INVALID_MODEL_CODE = "1500"


class _InvalidField(BaseModel):
    """One finding of a 422; its `input` repeats what was sent, and is not read."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    loc: tuple[str | int, ...] = ()
    msg: str = ""


class _Details(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    detail: tuple[_InvalidField, ...] | str


class _ErrorBody(BaseModel):
    """Mistral's error, with the code as text or number."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    message: str | _Details | None = None
    detail: tuple[_InvalidField, ...] | str | None = None
    type: str | None = None
    param: str | None = None
    code: JsonValue = None


def provider_error(
    status: int, headers: Mapping[str, str], body: str, *, now: datetime, model: str | None = None
) -> ProviderError:
    """Choose the error for an answer that is not a success; `model` is the one that the request named."""
    if status == 401:
        # Its words may repeat part of the key.
        return ProviderUnauthorizedError("refuses the key (401)")
    if _is_transient(status, headers.get("x-should-retry")):
        # Its words may be other ones each time, and a condition that changes all the time wakes everybody.
        limited = status == 429
        return ProviderUnreachableError(
            "limits the rate of requests (429)" if limited else f"answered {status}",
            retry_after=retry_after(headers, now=now),
            rate_limited=limited,
        )
    error = _parse(body)
    words = f"answered {status}" + (f": {said}" if (said := _words(error, body)) else "")
    if status == 403:
        return ProviderUnauthorizedError(words)
    if _is_unknown_model(status, error, model):
        return ModelNotFoundError(f"does not know the model {model}" if model else words)
    if status < 400:
        return ProviderRejectedError(_misplaced(status, headers))
    return NotFoundError(words) if status == 404 else ProviderRejectedError(words)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Read how long the provider asks to wait, an hour at most: milliseconds, seconds or an HTTP date."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return _bounded(milliseconds / 1000)
    value = headers.get("retry-after")
    if (seconds := _number(value)) is not None:
        return _bounded(seconds)
    try:
        return _bounded((parsedate_to_datetime(value) - now).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value else None
    except ValueError:
        return None
    return None if number is None or math.isnan(number) else number


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), LONGEST_RETRY_AFTER.total_seconds()))


def _is_transient(status: int, should_retry: str | None) -> bool:
    match should_retry:
        case "true":
            return status >= 400
        case "false":
            return False
        case _:
            return status in TRANSIENT or status >= 500


def _is_unknown_model(status: int, error: _ErrorBody, model: str | None) -> bool:
    if status == 400:
        return error.type == "invalid_model" or str(error.code) == INVALID_MODEL_CODE
    if status == 404 and model is not None:
        named = isinstance(error.message, str) and model in error.message
        return error.param == "model" or "model" in (error.type or "") or named
    return False


def _misplaced(status: int, headers: Mapping[str, str]) -> str:
    """Describe an answer that no server of this protocol gives."""
    if location := headers.get("location"):
        return (
            f"answered {status} and points to {location[:WORDS_LIMIT]}: put the final address into spec.url"
        )
    content_type = headers.get("content-type", "no content type")[:WORDS_LIMIT]
    return f"answered {status} with {content_type}, which is not this protocol: check spec.url"


def _parse(body: str) -> _ErrorBody:
    try:
        return _ErrorBody.model_validate_json(body)
    except ValidationError:
        return _ErrorBody()


def _words(error: _ErrorBody, body: str) -> str:
    said = error.message.detail if isinstance(error.message, _Details) else error.message
    match said or error.detail:
        case str() as text:
            return _shortened(text)
        case tuple() as fields:
            return _shortened("; ".join(_findings(fields)))
        case None:
            # JSON of another shape may repeat what was sent; a proxy's page does not.
            return "" if body.lstrip().startswith(("{", "[")) else _shortened(body)


def _findings(fields: Iterable[_InvalidField]) -> Iterable[str]:
    return (f"{'.'.join(str(part) for part in field.loc)}: {field.msg}" for field in fields)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WORDS_LIMIT else line[: WORDS_LIMIT - 1] + "…"
