"""Requests and replies as the handlers see them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from tests.standin.errors import Dialect, invalid, invalid_value
from tests.standin.streaming import AnyEvent

UNSET_SENTINEL = "~?~unset~?~sentinel~?~"  # what the SDK sends for a metadata filter that was omitted
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Call:
    """A request that is allowed in."""

    params: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    body: bytes
    now: datetime
    add_unknown_entry: bool = False

    def parse_body(self, model: type[Model]) -> Model:
        """Read the body. Refuses with 422."""
        try:
            return model.model_validate_json(self.body)
        except ValidationError as error:
            raise invalid(error, "body") from error

    def parse_query(self, model: type[Model]) -> Model:
        """Read the query string. Refuses with 422."""
        values: dict[str, JsonValue] = dict(self.query)
        if "sources" in values:
            values["sources"] = [value for name, value in self.query if name == "sources"]
        if "metadata" in values:
            values["metadata"] = _metadata(str(values["metadata"]))
        try:
            return model.model_validate(values)
        except ValidationError as error:
            raise invalid(error, "query") from error


@dataclass(frozen=True)
class Json:
    """A body of one model or a bare array of them."""

    body: BaseModel | Sequence[BaseModel]
    status: int = 200


@dataclass(frozen=True)
class NoContent:
    """204 without a body."""

    status: int = 204


@dataclass(frozen=True)
class Stream:
    """Server-sent events."""

    events: tuple[AnyEvent, ...]
    status: int = 200


Reply = Json | NoContent | Stream


@dataclass(frozen=True)
class Endpoint:
    """A route and what answers it; `locks` names the path parameter of the conversation it works on.

    `dialect` is the form of its errors.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: Callable[[Call], Reply]
    model_call: bool = False
    locks: str | None = None
    dialect: Dialect = "mistral"


def to_json(body: BaseModel | Sequence[BaseModel]) -> bytes:
    """Write a body."""
    if isinstance(body, BaseModel):
        return body.model_dump_json(by_alias=True).encode()
    return b"[" + b",".join(to_json(item) for item in body) + b"]"


def _metadata(text: str) -> JsonValue:
    """Read the metadata filter, which is JSON; null and the SDK's own sentinel mean no filter."""
    if UNSET_SENTINEL in text:
        return None
    try:
        value: JsonValue = json.loads(text)
    except ValueError as error:
        raise invalid_value("json_invalid", ("query", "metadata"), "Invalid JSON", text) from error
    return value
