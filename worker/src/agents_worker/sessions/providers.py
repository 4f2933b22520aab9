"""The clients of model providers, and the keys that they read."""

import asyncio
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import httpx2

from agents_crds.contract.headers import NOT_A_KEY, is_header_value
from agents_crds.contract.run import ProviderSnapshot
from agents_worker.secret_files import SecretUnreadableError, read_secret
from agents_worker.sessions.chat import ChatCompletions
from agents_worker.sessions.failures import KeyMissing, ProviderFailed
from agents_worker.text import ANSWER_LIMIT

if TYPE_CHECKING:
    from agents_worker.sessions.remote import RemoteConversations

CALL_TIMEOUT = timedelta(seconds=300)
"""After so long without an answer a request is given up."""
_CONNECT_TIMEOUT = 10.0


class KeyFile:
    """A provider's key in a mounted Secret, read anew for every call since it may be rotated."""

    def __init__(self, secrets_dir: Path, key_path: str) -> None:
        self._directory = secrets_dir
        self._key_path = key_path

    def read(self) -> str:
        """Return the key; raises ProviderFailed with KeyMissing, which says what to put right."""
        try:
            text = read_secret(self._directory, self._key_path).strip()
        except SecretUnreadableError as error:
            raise ProviderFailed(KeyMissing(str(error))) from error
        path = PurePosixPath(self._key_path)
        secret, key = path.parent, path.name
        if not text or not is_header_value(text):
            wrong = NOT_A_KEY if text else "it is empty"
            raise ProviderFailed(KeyMissing(f"The key {key} of Secret {secret} is not an API key: {wrong}"))
        return text


class Providers:
    """Clients of the providers that this worker calls, over one pool of connections."""

    def __init__(self, http: httpx2.AsyncClient, secrets_dir: Path, answer_limit: int = ANSWER_LIMIT) -> None:
        self._http = http
        self._secrets_dir = secrets_dir
        self._answer_limit = answer_limit
        self._known: dict[tuple[str, str], RemoteConversations] = {}

    async def conversations(self, provider: ProviderSnapshot) -> "RemoteConversations":
        """Return the provider's conversations."""
        known = self._known.get((provider.url, provider.key_path))
        if known is None:
            # The half second that the import takes, other calls go on.
            known = await asyncio.to_thread(self._load, provider)
            self._known[provider.url, provider.key_path] = known
        return known

    def chat(self, provider: ProviderSnapshot) -> ChatCompletions:
        """Return the provider's chat completions."""
        key = KeyFile(self._secrets_dir, provider.key_path).read if provider.key_path else None
        return ChatCompletions(self._http, provider.url, key, CALL_TIMEOUT.total_seconds())

    def _load(self, provider: ProviderSnapshot) -> "RemoteConversations":
        # Mistral's SDK, 20 MB that a worker needs only once it has runs with such conversations.
        from agents_worker.sessions.remote import RemoteConversations, mistral_client  # noqa: PLC0415

        key = KeyFile(self._secrets_dir, provider.key_path).read
        mistral = mistral_client(self._http, provider.url, key, CALL_TIMEOUT)
        return RemoteConversations(mistral, self._answer_limit)


async def _connect_soon(request: httpx2.Request) -> None:
    """Cap the time to connect: the SDK knows one timeout for all, and a model may take minutes to answer."""
    timeout = request.extensions.get("timeout", {})
    request.extensions["timeout"] = {**timeout, "connect": _CONNECT_TIMEOUT}


def provider_http() -> httpx2.AsyncClient:
    """Make the pool of connections to providers; whoever makes it closes it.

    Temporal bounds how many calls are made at once, so that the pool must not. It keeps no cookies: what a
    server gave the owner of one key is none of another's.
    """
    return httpx2.AsyncClient(
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100),
        event_hooks={"request": [_connect_soon]},
    )
