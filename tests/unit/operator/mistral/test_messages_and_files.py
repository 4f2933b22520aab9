"""What a provider still has of a run: the messages of its conversation, and the files of its tools."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from pydantic import JsonValue, SecretStr

from agents_operator.mistral import (
    MistralConnections,
    MistralConversations,
    NotFoundError,
    ProviderUnreachableError,
)
from tests.unit.operator.hand import KEY


@asynccontextmanager
async def answering(
    answer: Callable[[httpx2.Request], httpx2.Response],
) -> AsyncIterator[MistralConversations]:
    """Give an account whose server answers every request by this function."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), trust_env=False) as client:
        yield MistralConnections(client).conversations("http://provider", SecretStr(KEY))


async def test_messages_are_the_words_of_agents_whatever_stands_between() -> None:
    entries: JsonValue = [
        {"type": "message.input", "role": "user", "content": "Hello"},
        {"type": "message.output", "content": "one"},
        {"type": "function.call", "name": "f", "tool_call_id": "c", "arguments": "{}"},
        {
            "type": "message.output",
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                {"type": "text", "text": "two "},
                {"type": "tool_reference", "tool": "web_search", "title": "T"},
                {"type": "text", "text": "three"},
                {"type": "brand.new", "text": "not words"},
            ],
        },
        {"type": "brand.new", "content": {"a": 1}},
    ]

    def history(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/v1/conversations/conv_1/history"
        body = {"object": "conversation.history", "conversation_id": "conv_1", "entries": entries}
        return httpx2.Response(200, json=body)

    async with answering(history) as account:
        assert await account.messages("conv_1") == ("one", "two three")


async def test_a_conversation_that_is_gone_is_not_found() -> None:
    async with answering(lambda _: httpx2.Response(404, json={"message": "no such thing"})) as account:
        with pytest.raises(NotFoundError, match="answered 404: no such thing"):
            await account.messages("conv_1")


async def test_a_file_comes_as_it_is() -> None:
    content = bytes(range(256)) * 1_000

    def file(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/v1/files/f-1/content"
        assert request.headers["authorization"] == f"Bearer {KEY}"
        return httpx2.Response(200, content=content, headers={"content-type": "application/octet-stream"})

    async with answering(file) as account:
        assert b"".join([piece async for piece in account.file("f-1")]) == content


async def test_a_file_that_breaks_off_says_so() -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise httpx2.ReadError("connection reset")

    def file(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=half(), headers={"content-type": "application/octet-stream"})

    async with answering(file) as account:
        with pytest.raises(ProviderUnreachableError, match="broke off in the middle of the file"):
            [piece async for piece in account.file("f-1")]
