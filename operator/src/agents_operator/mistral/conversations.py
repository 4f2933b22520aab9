"""What an account keeps of runs: their conversations, and the files that its own tools made."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated

import httpx2
from mistralai.client import Mistral
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    SecretStr,
    SerializeAsAny,
)

from agents_operator.mistral.errors import NotFoundError, ProviderUnreachableError
from agents_operator.mistral.requests import Requests, UnreadableError

DEADLINE = timedelta(minutes=5)
"""Longest time of one call: a conversation may have many megabytes."""

PAGE = 100
MOST_PAGES = 100
"""Most pages that are read of one listing: what lies beyond is seen when some of it was deleted."""


def _words(content: object) -> str:
    """Take the text of a message out of whatever the provider made of it."""
    pieces = content if isinstance(content, list) else [content]
    return "".join(
        piece if isinstance(piece, str) else str(piece.get("text", ""))
        for piece in pieces
        if isinstance(piece, str) or (isinstance(piece, dict) and piece.get("type", "text") == "text")
    )


def _texts(metadata: object) -> object:
    """Keep what is text: ours is."""
    pairs = metadata.items() if isinstance(metadata, dict) else ()
    return {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, str)}


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    type: str = ""
    content: Annotated[str, BeforeValidator(_words)] = ""


class _History(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    entries: tuple[_Entry, ...]


class Conversation(BaseModel):
    """A conversation in a listing."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: str
    created_at: AwareDatetime
    metadata: Annotated[dict[str, str], BeforeValidator(_texts)] = Field(default_factory=dict)


class _Listing(RootModel[tuple[Conversation, ...]]):
    model_config = ConfigDict(frozen=True)


class MistralConversations:
    """The conversations of one account; every method raises a ProviderError when it is not done."""

    def __init__(self, client: Mistral, url: str, key: SecretStr) -> None:
        self.fingerprint = hashlib.sha256(f"{url} {key.get_secret_value()}".encode()).hexdigest()
        """Tells accounts apart, as far as their keys do."""
        self._conversations = client.beta.conversations
        self._files = client.files
        self._requests = Requests(key, DEADLINE)

    async def messages(self, conversation_id: str) -> tuple[str, ...]:
        """Read what agents wrote, the oldest first; raise NotFoundError when the conversation is gone."""
        request = self._conversations.get_history_async(conversation_id=conversation_id)
        history = await self._requests.parsed(_History, request)
        return tuple(entry.content for entry in history.entries if entry.type == "message.output")

    async def marked(self, metadata: Mapping[str, str]) -> tuple[Conversation, ...]:
        """List the conversations that carry all of `metadata`, as far as MOST_PAGES reach.

        How the server compares metadata is undocumented, so that its answer is only a first selection.
        """
        found: dict[str, Conversation] = {}
        for page in range(MOST_PAGES):
            request = self._conversations.list_async(page=page, page_size=PAGE, metadata=metadata)
            listed = (await self._requests.parsed(_Listing, _as_model(request))).root
            fresh = [each for each in listed if each.id not in found]
            found |= {each.id: each for each in fresh}
            if len(listed) < PAGE or not fresh:
                break
        return tuple(each for each in found.values() if metadata.items() <= each.metadata.items())

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation; nothing happens when there is none."""
        try:
            await self._requests.send(self._conversations.delete_async(conversation_id=conversation_id))
        except (NotFoundError, UnreadableError):
            return

    async def file(self, file_id: str) -> AsyncIterator[bytes]:
        """Read a file, piece by piece; raise NotFoundError when there is none."""
        response = await self._requests.send(self._files.download_async(file_id=file_id))
        try:
            async with aclosing(response):
                async for piece in response.aiter_bytes():
                    yield piece
        except httpx2.RequestError as error:
            raise ProviderUnreachableError(f"broke off in the middle of the file: {error}") from error


async def _as_model(request: Awaitable[Sequence[BaseModel]]) -> BaseModel:
    return RootModel[tuple[SerializeAsAny[BaseModel], ...]](tuple(await request))
