"""Servers that speak chat completions, of which the operator only asks whether they are there."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
from pydantic import SecretStr

from agents_operator.mistral.classify import provider_error
from agents_operator.mistral.errors import ProviderRejectedError, ProviderUnreachableError
from agents_operator.mistral.redaction import without_key, without_key_in

CHECK_TIMEOUT = timedelta(seconds=10)
WORDS_READ = 65_536
"""Bytes that are read of an error."""

# The list of models is no part of the protocol; a server without one says so, and is there.
_WITHOUT_LIST = frozenset({404, 405})


class ChatServer:
    """A server that speaks chat completions at a base URL; `key` is None where it needs none."""

    def __init__(self, http: httpx2.AsyncClient, url: str, key: SecretStr | None) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._key = key

    async def check_key(self) -> str:
        """Ask for the models and say what was seen; raise a ProviderError when that is no server for us."""
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key.get_secret_value()}"
        try:
            async with (
                asyncio.timeout(CHECK_TIMEOUT.total_seconds()),
                self._http.stream("GET", f"{self._url}/models", headers=headers) as response,
            ):
                return await self._judged(response)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise ProviderUnreachableError("did not answer in time") from error
        except httpx2.InvalidURL as error:
            raise ProviderRejectedError(f"has an impossible address: {error}: correct spec.url") from error
        except httpx2.RequestError as error:
            said = without_key(str(error), self._key) or type(error).__name__
            raise ProviderUnreachableError(f"could not be reached: {said}") from error

    async def _judged(self, response: httpx2.Response) -> str:
        status = response.status_code
        if status in _WITHOUT_LIST:
            what = "its path is" if self._key is None else "its path and the key are"
            return f"answers, and lists no models ({status}): the first run shows whether {what} right"
        if response.is_success and "json" in response.headers.get("content-type", ""):
            return "answers" if self._key is None else "accepts the key"
        body = "" if status < 400 else without_key(await _start(response), self._key)
        headers = without_key_in(response.headers, self._key)
        raise provider_error(status, headers, body, now=datetime.now(UTC))


async def _start(response: httpx2.Response) -> str:
    """Read an error as far as it can have anything to say, without what would first have to be unpacked."""
    if "content-encoding" in response.headers:
        return ""
    read = b""
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= WORDS_READ:
            break
    return read[:WORDS_READ].decode(errors="replace")
