"""One request over the SDK: never repeated here, with a deadline, and its failure explained."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx2
from mistralai.client import errors
from pydantic import BaseModel, SecretStr, ValidationError

from agents_operator.mistral.classify import provider_error
from agents_operator.mistral.errors import ProviderError, ProviderRejectedError, ProviderUnreachableError
from agents_operator.mistral.redaction import without_key, without_key_in

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Requests:
    """The requests of one account; `key` is taken out of what a server repeats of it."""

    def __init__(self, key: SecretStr, deadline: timedelta) -> None:
        self._key = key
        self._deadline = deadline.total_seconds()

    async def parsed(self, shape: type[M], request: Awaitable[BaseModel], *, model: str | None = None) -> M:
        """Read an answer; one that only the SDK cannot read is a success: its side effect happened."""
        try:
            try:
                answer = await self.send(request, model=model)
            except UnreadableError as unread:
                return shape.model_validate_json(unread.body)
            return shape.model_validate(answer.model_dump(mode="json", by_alias=True))
        except ValidationError as error:
            raise ProviderUnreachableError("gave an answer that cannot be read") from error

    async def send(self, request: Awaitable[T], *, model: str | None = None) -> T:
        """Return the answer; raise a ProviderError, also UnreadableError, when there is none."""
        try:
            async with asyncio.timeout(self._deadline):
                return await request
        except errors.MistralError as error:
            raise self._explained(error, model) from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ProviderUnreachableError("did not answer in time") from error
        except httpx2.InvalidURL as error:
            raise ProviderRejectedError(f"has an impossible address: {error}: correct spec.url") from error
        except (httpx2.RequestError, errors.NoResponseError) as error:
            said = without_key(str(error), self._key) or type(error).__name__
            raise ProviderUnreachableError(f"could not be reached: {said}") from error

    def _explained(self, error: errors.MistralError, model: str | None) -> ProviderError:
        if 200 <= error.status_code < 300 and "json" in error.headers.get("content-type", "json"):
            return UnreadableError(error.body)
        body, headers = without_key(error.body, self._key), without_key_in(error.headers, self._key)
        return provider_error(error.status_code, headers, body, now=datetime.now(UTC), model=model)


class UnreadableError(ProviderError):
    """A success, in a form that the SDK does not expect."""

    def __init__(self, body: str) -> None:
        super().__init__("gave an unexpected answer")
        self.body = body
