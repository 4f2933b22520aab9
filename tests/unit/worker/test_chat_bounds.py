"""Answers that no server of chat completions should give: too much, too deep, or without end."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from agents_crds.contract.transcript import ModelMessage
from agents_worker.chat_messages import words_of
from agents_worker.sessions.chat import ChatCompletions
from agents_worker.sessions.chat_answers import MOST_CALLS
from agents_worker.sessions.failures import Answered, ProviderFailed, Unreachable
from agents_worker.text import size_of
from tests.unit.worker.chats import asked, request
from tests.unit.worker.test_chat_client import CALL, ask, choice, server


async def test_of_thousands_of_calls_as_many_are_taken_as_a_turn_carries_out() -> None:
    calls = [{**CALL, "id": str(number)} for number in range(9_000)]
    answer = await ask(server(choice(tool_calls=calls)), limit=10**6)
    assert [call.id for call in answer.message.calls] == [str(number) for number in range(MOST_CALLS)]


async def test_calls_fit_with_their_ids_and_names() -> None:
    function = {"name": "é" * 9_000, "arguments": "x" * 9_000}
    calls = [{"id": f"{number}{'é' * 1_000}", "function": function} for number in range(200)]
    message = (await ask(server(choice(tool_calls=calls)), limit=500_000)).message
    assert len(message.calls) == MOST_CALLS
    assert size_of(message) < 510_000


async def test_what_is_nested_so_deep_that_a_workflow_could_not_read_it_is_left_out() -> None:
    deep = b"[" * 230 + b"]" * 230
    body = b'{"choices": [{"message": {"content": [{"type": "text", "text": "Hi", "odd": %s}]}}]}' % deep
    message = (await ask(server(body))).message
    assert words_of(message.content) == "Hi"
    assert ModelMessage.model_validate_json(message.model_dump_json()) == message


async def test_a_long_answer_is_cut_with_its_thoughts() -> None:
    said = choice(content="é" * 9_000, reasoning="Hm" * 9_000, tool_calls=[CALL])
    message = (await ask(server(said), limit=5_000)).message
    assert size_of(message) < 6_000
    assert (message.reasoning, message.calls[0].id) == ({}, "a")
    assert "[cut: the whole text of" in str(message.content)


async def test_an_answer_without_end_is_read_no_further_than_it_may_be() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 10**6

    endless = httpx2.MockTransport(lambda _: httpx2.Response(200, content=chunks()))
    with pytest.raises(ProviderFailed) as raised:
        await ask(endless)
    assert raised.value.failure == Answered(
        200, "an answer of more than 20000000 bytes, the most that is read", should_retry=False
    )
    refused = httpx2.MockTransport(lambda _: httpx2.Response(400, content=chunks()))
    with pytest.raises(ProviderFailed) as raised:
        await ask(refused)
    assert isinstance(raised.value.failure, Answered)
    assert raised.value.failure.status == 400


async def test_an_answer_that_comes_in_drops_is_waited_for_no_longer_than_another() -> None:
    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=drops()))
    async with httpx2.AsyncClient(transport=transport) as http:
        with pytest.raises(ProviderFailed) as raised:
            await ChatCompletions(http, "http://x.test", None, 0.2).complete(request(asked("Hi")))
    assert isinstance(raised.value.failure, Unreachable)
    assert raised.value.failure.sent


async def test_a_charset_that_is_none_is_not_believed() -> None:
    said = server(choice(content="Hé"), 200, **{"content-type": "application/json; charset=hex"})
    assert (await ask(said)).message.content == "Hé"
