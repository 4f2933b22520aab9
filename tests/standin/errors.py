"""Mistral's error bodies, and the form in which OpenAI's API has them."""

from collections.abc import Sequence
from typing import Literal

from pydantic import JsonValue, ValidationError

from tests.standin.base import Frozen

LOCKED = "Conversation is being updated, concurrent requests are not supported"


class ErrorBody(Frozen):
    object: str = "error"
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class InvalidField(Frozen):
    """One line of FastAPI's 422 body."""

    type: str
    loc: tuple[str | int, ...]
    msg: str
    input: JsonValue = None


class InvalidBody(Frozen):
    detail: tuple[InvalidField, ...]


class OpenAiError(Frozen):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAiErrorBody(Frozen):
    error: OpenAiError


Dialect = Literal["mistral", "openai"]


class ApiError(Exception):
    """A request that the API refuses, with the answer it gives."""

    def __init__(self, status: int, body: ErrorBody | InvalidBody) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


def unauthorized() -> ApiError:
    """Refuse a key."""
    return ApiError(401, ErrorBody(message="Unauthorized", type="unauthorized"))


def not_found(what: str, name: str) -> ApiError:
    """Say that an object does not exist."""
    return ApiError(404, ErrorBody(message=f"{what} {name} not found", type="not_found"))


def invalid_model(model: str) -> ApiError:
    """Refuse a model that is not served."""
    return ApiError(400, ErrorBody(message=f"Invalid model: {model}", type="invalid_model", code="1500"))


def invalid_request(message: str) -> ApiError:
    """Refuse a request that is well-formed and still wrong."""
    return ApiError(400, ErrorBody(message=message, type="invalid_request_error", code="3000"))


def chat_refusal(message: str, kind: str, code: str) -> ApiError:
    """Refuse a chat."""
    return ApiError(400, ErrorBody(message=message, type=kind, code=code))


def invalid_argument(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """Refuse a request as OpenAI's API does."""
    return ApiError(400, ErrorBody(message=message, type="invalid_request_error", param=param, code=code))


def no_such_model(model: str) -> ApiError:
    """Refuse a model that is not served as OpenAI's API does."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    body = ErrorBody(message=message, type="invalid_request_error", param="model", code="model_not_found")
    return ApiError(404, body)


def locked() -> ApiError:
    """Refuse a second request on a conversation that is being answered."""
    return ApiError(409, of_status(409))


def failed_handoff() -> ApiError:
    """Fail as the server does when a handoff's target is gone."""
    message = "Response failed during handoff orchestration"
    return ApiError(500, ErrorBody(message=message, type="internal_server_error", code="3000"))


def of_status(status: int) -> ErrorBody:
    """Give the body that goes with a status code, for faults that bring none of their own."""
    match status:
        case 401 | 403:
            return ErrorBody(message="Unauthorized", type="unauthorized")
        case 409:
            return ErrorBody(message=LOCKED, type="conflict", code="3001")
        case 429:
            return ErrorBody(message="Rate limit exceeded", type="rate_limited", code="1300")
        case _ if status >= 500:
            return ErrorBody(message="Service unavailable.", type="internal_server_error", code="1000")
        case _:
            return ErrorBody(message="Invalid request.", type="invalid_request_error", code="3000")


def in_dialect(dialect: Dialect, body: ErrorBody | InvalidBody) -> ErrorBody | InvalidBody | OpenAiErrorBody:
    """Write an error as the API of a dialect does."""
    if dialect == "mistral" or isinstance(body, InvalidBody):
        return body
    return OpenAiErrorBody(
        error=OpenAiError(message=body.message, type=body.type, param=body.param, code=body.code)
    )


def invalid(error: ValidationError, *place: str) -> ApiError:
    """Turn pydantic's findings into FastAPI's 422; `place` is `body`, or `query` and the parameter's name."""
    fields = (
        InvalidField(
            type=found["type"],
            loc=(*place, *found["loc"]),
            msg=found["msg"],
            input=found["input"] if _is_json(found["input"]) else None,
        )
        for found in error.errors(include_url=False, include_context=False)
    )
    return ApiError(422, InvalidBody(detail=tuple(fields)))


def invalid_value(kind: str, loc: Sequence[str | int], msg: str, value: JsonValue = None) -> ApiError:
    """Refuse one value with FastAPI's 422."""
    return ApiError(422, InvalidBody(detail=(InvalidField(type=kind, loc=tuple(loc), msg=msg, input=value),)))


def _is_json(value: object) -> bool:
    return isinstance(value, str | int | float | bool | list | dict | None)
