"""Chat completions over HTTP: one request for each model call, and no memory on the provider's side."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2
from pydantic import ValidationError
from pydantic_core import to_json

from agents_worker.chat_messages import ChatRequest
from agents_worker.sessions.chat_body import Body, chat_body, dialect_of
from agents_worker.sessions.chat_wire import WIRE_CHAT, WireChat
from agents_worker.sessions.failures import Answered, ProviderFailed, Unreachable, read_answer

BODY_LIMIT = 20_000_000
"""Bytes of an answer that are read: more than any that can be kept."""

_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_TOO_LONG_CODES = frozenset(
    {"3051", "context_length_exceeded", "exceed_context_size_error", "string_above_max_length"}
)
# As Mistral, OpenAI, vLLM, llama.cpp, Gemini, xAI, Qwen and others say it.
_TOO_LONG_WORDS = (
    "context length",
    "context size",
    "context window",
    "maximum model length",
    "maximum prompt length",
    "maximum number of tokens",
    "max_model_len",
    "exceeds max length",
    "prompt is too long",
    "input is too long",
    "range of input length",
    "too many tokens",
    "too large for model",
)
# llama.cpp, with 500, where the window is full in the middle of an answer.
_FILLED = "context size has been exceeded"
# OpenAI's newer models, of `max_tokens`.
_OTHER_NAME = "use 'max_completion_tokens'"


@dataclass(frozen=True)
class _Response:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str
    key: str = field(repr=False)

    def as_failure(self, body: str) -> Answered:
        """Read the body of an error.

        Some servers repeat a wrong key in it, and it ends up in the run's status. What a model says stays as
        it is: a key that stands for none, as "none", may be any word in it.
        """
        told = body.replace(self.key, "[key]") if self.key else body
        return read_answer(self.status, self.headers, told, now=datetime.now(UTC))


class ChatCompletions:
    """A server of chat completions; `key` gives its key, and is None where it needs none."""

    def __init__(
        self, http: httpx2.AsyncClient, url: str, key: Callable[[], str] | None, timeout_seconds: float
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._key = key
        self._timeout = timeout_seconds

    async def complete(self, request: ChatRequest) -> WireChat:
        """Ask for the next message; raises ProviderFailed."""
        url, body = self._url + dialect_of(request).path, chat_body(request)
        response = await self._post(url, body)
        if response.status == 400 and "max_tokens" in body and _OTHER_NAME in response.body.lower():
            body["max_completion_tokens"] = body.pop("max_tokens")
            response = await self._post(url, body)
        if not 200 <= response.status < 300:
            raise ProviderFailed(response.as_failure(response.body))
        return _read(response)

    async def _post(self, url: str, body: Body) -> _Response:
        key = self._key() if self._key else ""
        headers = {"content-type": "application/json", "accept": "application/json"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        asking = self._http.stream("POST", url, content=to_json(body), headers=headers, timeout=self._timeout)
        try:
            # The client's own timeout is for each part of an answer, of which there may be any number.
            async with asyncio.timeout(self._timeout), asking as response:
                text = await _body_of(response)
        except httpx2.RequestError as error:
            words = f"The provider could not be reached: {type(error).__name__}: {error}"
            raise ProviderFailed(Unreachable(words, sent=not isinstance(error, _NOT_SENT))) from error
        except TimeoutError as error:
            words = f"The provider's answer was not there within {self._timeout:.0f} s"
            raise ProviderFailed(Unreachable(words)) from error
        return _Response(response.status_code, response.headers, text, key)


async def _body_of(response: httpx2.Response) -> str:
    """Read a body as UTF-8, whatever else it claims to be; of an error, the start is enough."""
    parts, size = list[bytes](), 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size <= BODY_LIMIT:
            continue
        if response.is_success:
            why = f"an answer of more than {BODY_LIMIT} bytes, the most that is read"
            raise ProviderFailed(Answered(response.status_code, why, should_retry=False))
        break
    return b"".join(parts).decode(errors="replace")


def _read(response: _Response) -> WireChat:
    try:
        # Not by pydantic's own parser: a lone surrogate would lose it the whole answer.
        chat = WIRE_CHAT.validate_python(json.loads(response.body))
    except ValidationError as error:
        # Some servers put an error into an answer of 200.
        failure = response.as_failure(response.body)
        if failure.explains:
            raise ProviderFailed(Answered(response.status, failure.message)) from error
        places = "; ".join(".".join(map(str, problem["loc"])) for problem in error.errors()[:3])
        words = f"an answer that cannot be read at {places}"
    except (ValueError, RecursionError):
        words = "an answer that is not JSON"
    else:
        choice = chat.choices[0]
        if choice.finish_reason != "error":
            return chat
        words = response.as_failure(choice.error.message or "an answer that broke off").message
    raise ProviderFailed(Answered(response.status, words))


def is_too_long(answer: Answered) -> bool:
    """Tell whether a request was refused since the model takes no more."""
    if answer.status == 413 or {answer.code, answer.kind} & _TOO_LONG_CODES:
        return True
    said = answer.message.lower()
    if 400 <= answer.status < 500 and answer.status != 429:
        return any(words in said for words in _TOO_LONG_WORDS)
    return answer.status == 500 and _FILLED in said
