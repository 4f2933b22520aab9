"""How the SDK is set up: one connection pool for all providers, no retries, no logging of its own."""

from collections.abc import Callable
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2
from mistralai.client import Mistral
from mistralai.client.utils.logger import NoOpLogger
from pydantic import SecretStr

from agents_operator.mistral.agents import MistralAgents
from agents_operator.mistral.chat import ChatServer
from agents_operator.mistral.conversations import MistralConversations

TIMEOUT = timedelta(seconds=30)
"""Longest silence of the provider within one request."""


def provider_http(before_write: Callable[[], None] = lambda: None) -> httpx2.AsyncClient:
    """Make the HTTP client of all providers, which the caller closes.

    It keeps no cookies: what a server gave the owner of one key is none of another's. `before_write` is
    called right before every request that may change something.
    """

    async def ask_first(request: httpx2.Request) -> None:
        if request.method != "GET":
            before_write()

    return httpx2.AsyncClient(
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
        event_hooks={"request": [ask_first]},
    )


def load_sdk() -> None:
    """Have the SDK import what it else imports at its first use: half a second in which nothing goes on."""
    sdk = Mistral(api_key="unused", debug_logger=NoOpLogger())
    _ = sdk.beta.agents, sdk.beta.conversations, sdk.files, sdk.models


class MistralConnections:
    """Opens accounts over one HTTP client, which the caller closes."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        # The SDK makes a client of its own for calls that block, 28 ms of certificates each time; this one
        # cannot send.
        self._unused = httpx2.Client(transport=httpx2.BaseTransport(), trust_env=False)

    def open(self, url: str, key: SecretStr) -> MistralAgents:
        """Speak to the server at `url` as the owner of `key`; sends nothing yet."""
        return MistralAgents(self._client(url, key), key)

    def conversations(self, url: str, key: SecretStr) -> MistralConversations:
        """Speak to the same server of what it keeps of runs."""
        return MistralConversations(self._client(url, key), url, key)

    def _client(self, url: str, key: SecretStr) -> Mistral:
        return Mistral(
            api_key=key.get_secret_value(),
            server_url=url,
            client=self._unused,
            async_client=self._http,
            timeout_ms=TIMEOUT // timedelta(milliseconds=1),
            # MISTRAL_DEBUG would have every request logged, with its key.
            debug_logger=NoOpLogger(),
        )

    def chat(self, url: str, key: SecretStr | None) -> ChatServer:
        """Speak chat completions to the server at `url`; sends nothing yet."""
        return ChatServer(self._http, url, key)
