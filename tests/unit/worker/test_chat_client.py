"""What a server of chat completions answers, and how it fails."""

import json
from itertools import count
from typing import Any

import httpx2
import pytest
from pydantic_core import to_json

from agents_crds.contract.transcript import CompletionOptions, TranscriptCall
from agents_worker.chat_messages import ChatAnswer, id_digest
from agents_worker.sessions.chat import ChatCompletions, is_too_long
from agents_worker.sessions.chat_answers import answer_of, useless
from agents_worker.sessions.chat_wire import WIRE_CHAT
from agents_worker.sessions.failures import Answered, Failure, ProviderFailed, Unreachable
from tests.unit.worker.chats import asked, called, request, result

KEY = "sk-secret"
CALL = {"id": "a", "function": {"name": "pay", "arguments": '{"n": 1}'}}


def server(body: object, status: int = 200, **headers: str) -> httpx2.MockTransport:
    content = body if isinstance(body, bytes) else to_json(body)
    return httpx2.MockTransport(lambda _: httpx2.Response(status, content=content, headers=headers))


async def ask(transport: httpx2.MockTransport, *, key: str | None = KEY, limit: int = 10_000) -> ChatAnswer:
    asking, numbers = request(asked("Hi"), called("old"), result("old")), count(1)
    async with httpx2.AsyncClient(transport=transport) as http:
        chats = ChatCompletions(http, "http://x.test/", (lambda: key) if key else None, 5)
        chat = await chats.complete(asking)
    assert useless(chat) is None
    return answer_of(asking, chat, limit=limit, new_id=lambda: f"new{next(numbers)}")


async def failure(body: object, status: int = 200) -> Failure:
    with pytest.raises(ProviderFailed) as raised:
        await ask(server(body, status))
    return raised.value.failure


def choice(**message: Any) -> dict[str, Any]:
    return {"choices": [{"message": message}]}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (choice(content="Hi"), {"content": "Hi"}),
        (choice(content=None), {"content": None}),
        (choice(), {"content": None}),
        (choice(content=None, refusal="No."), {"content": "No."}),
        (choice(content="Hi", tool_calls=None, role="x", odd={}), {"content": "Hi"}),
        (
            choice(content="Hi", reasoning_content="Hm", reasoning=None),
            {"reasoning": {"reasoning_content": "Hm"}},
        ),
        (choice(content="Hi", reasoning="Hm"), {"reasoning": {"reasoning": "Hm"}}),
        (choice(tool_calls=[CALL]), {"calls": (TranscriptCall(id="a", name="pay", arguments='{"n": 1}'),)}),
        (b'{"choices": [{"message": {"content": "\\ud83d"}}]}', {"content": "?"}),
        (b'{"choices": [{"message": {"content": "\xff"}}]}', {"content": "\N{REPLACEMENT CHARACTER}"}),
        (
            b'{"choices": [{"message": {"content": [{"type": "x", "n": 1e999}]}}]}',
            {"content": [{"type": "x", "n": None}]},
        ),
        (choice(content={"text": "Hi"}), {"content": None}),
        (choice(content=7), {"content": None}),
        (choice(content=[]), {"content": None}),
        (choice(content=["Hi", 7, None]), {"content": [{"type": "text", "text": "Hi"}]}),
        (
            choice(content="Hi", reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]),
            {"reasoning": {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}},
        ),
        (choice(tool_calls=[7, None, "x"]), {"calls": ()}),
        (choice(tool_calls=[{"id": "a"}]), {"calls": (TranscriptCall(id="a", name="", arguments="{}"),)}),
        (
            choice(tool_calls=[{**CALL, "extra_content": {"google": {"thought_signature": "x"}}}]),
            {
                "calls": (
                    TranscriptCall(
                        id="a",
                        name="pay",
                        arguments='{"n": 1}',
                        extra_content={"google": {"thought_signature": "x"}},
                    ),
                )
            },
        ),
        ({"choices": [{"message": {"content": "Hi"}}, 7], "usage": "none"}, {"content": "Hi"}),
    ],
)
async def test_answers_of_all_sorts_are_read(said: object, message: dict[str, Any]) -> None:
    got = (await ask(server(said))).message
    assert {name: getattr(got, name) for name in message} == message


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ({"name": "pay", "arguments": {"n": 1}}, '{"n":1}'),
        ({"name": "pay", "arguments": ""}, "{}"),
        ({"name": "pay", "arguments": None}, "{}"),
        ({"name": "pay"}, "{}"),
        ({"name": "pay", "arguments": "{"}, "{"),
    ],
)
async def test_arguments_of_all_sorts_are_read(function: dict[str, Any], arguments: str) -> None:
    answer = await ask(server(choice(tool_calls=[{"id": "a", "function": function}])))
    assert [call.arguments for call in answer.message.calls] == [arguments]


async def test_no_call_gets_an_id_that_was_summarised_away() -> None:
    asking = request(asked("Hi"), called("old")).model_copy(update={"forgotten": (id_digest("a"),)})
    said = WIRE_CHAT.validate_python(choice(tool_calls=[CALL]))
    answer = answer_of(asking, said, limit=10_000, new_id=lambda: "new")
    assert [call.id for call in answer.message.calls] == ["new"]


async def test_calls_get_an_id_of_their_own_where_they_have_none() -> None:
    calls = [{**CALL, "id": id_} for id_ in ("a", "a", None, "", "old", "b")]
    answer = await ask(server(choice(tool_calls=calls)))
    assert [call.id for call in answer.message.calls] == ["a", "new1", "new2", "new3", "new4", "b"]


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        ({"usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}, 5),
        ({"usage": {"prompt_tokens": 3, "completion_tokens": 2}}, 5),
        ({"usage": {"prompt_tokens": None, "total_tokens": 4}}, 4),
        ({"usage": None}, 0),
        ({"usage": {"total_tokens": 10**30, "prompt_tokens": 4}}, 4),
        ({}, 0),
    ],
)
async def test_tokens_are_counted_as_far_as_they_are_told(usage: dict[str, Any], total: int) -> None:
    assert (await ask(server({**choice(content="Hi"), **usage}))).usage.total_tokens == total


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"choices": []}, "an answer that cannot be read at choices"),
        (
            {"choices": [{**choice(content="Hi")["choices"][0], "finish_reason": "error"}]},
            "an answer that broke off",
        ),
        (
            {"choices": [{"message": {}, "finish_reason": "error", "error": {"message": f"no {KEY}"}}]},
            "no [key]",
        ),
        ({"object": "list"}, "an answer that cannot be read at choices"),
        ({"choices": None, "error": {"message": "upstream is away"}}, "upstream is away"),
        (b"<html>secret</html>", "an answer that is not JSON"),
        (b"[" * 100_000, "an answer that is not JSON"),
    ],
)
async def test_a_success_that_is_none_says_why(body: object, says: str) -> None:
    assert await failure(body) == Answered(status=200, message=says)


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"error": {"message": "too bad", "type": "t", "code": "c"}}, "too bad", "c"),
        ({"error": "too bad"}, "too bad", ""),
        ({"message": "too bad", "code": 1}, "too bad", "1"),
        ({"detail": "too bad"}, "too bad", ""),
        (f"the key {KEY} is bad".encode(), "the key [key] is bad", ""),
    ],
)
async def test_errors_of_all_sorts_are_read(body: object, message: str, code: str) -> None:
    failed = await failure(body, 400)
    assert isinstance(failed, Answered)
    assert (failed.message, failed.code) == (message, code)


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx2.ConnectError("refused"), False),
        (httpx2.ConnectTimeout("slow"), False),
        (httpx2.ReadTimeout("slow"), True),
        (httpx2.RemoteProtocolError("cut"), True),
    ],
)
async def test_a_call_that_was_sent_is_told_from_one_that_was_not(
    error: httpx2.RequestError,
    sent: bool,  # noqa: FBT001
) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise error

    with pytest.raises(ProviderFailed) as raised:
        await ask(httpx2.MockTransport(fail))
    assert isinstance(raised.value.failure, Unreachable)
    assert raised.value.failure.sent == sent


@pytest.mark.parametrize("key", [KEY, None])
async def test_a_key_is_sent_where_there_is_one(key: str | None) -> None:
    seen = list[httpx2.Request]()

    def note(asking: httpx2.Request) -> httpx2.Response:
        seen.append(asking)
        return httpx2.Response(200, json=choice(content="Hi"))

    await ask(httpx2.MockTransport(note), key=key)
    assert seen[0].headers.get("authorization") == (f"Bearer {KEY}" if key else None)
    assert str(seen[0].url) == "http://x.test/v1/chat/completions"


async def test_a_key_that_may_be_any_word_changes_no_answer() -> None:
    said = choice(content="none", tool_calls=[{**CALL, "extra_content": None}])
    message = (await ask(server(said), key="n")).message
    assert (message.content, message.calls[0].name) == ("none", "pay")


async def test_a_model_that_has_another_name_for_the_most_tokens_gets_it() -> None:
    seen = list[dict[str, Any]]()

    def answer(asking: httpx2.Request) -> httpx2.Response:
        body = json.loads(asking.content)
        seen.append({name: body[name] for name in body if name.startswith("max")})
        if "max_tokens" in body:
            words = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            return httpx2.Response(400, json={"error": {"message": words, "code": "unsupported_parameter"}})
        return httpx2.Response(200, json=choice(content="Hi"))

    options = CompletionOptions(max_tokens=5)
    asking = request(asked("Hi"), protocol="ChatCompletions", options=options)
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        await ChatCompletions(http, "http://x.test", None, 5).complete(asking)
    assert seen == [{"max_tokens": 5}, {"max_completion_tokens": 5}]


@pytest.mark.parametrize(
    ("answer", "is_it"),
    [
        (Answered(400, "Prompt contains 9 tokens, too large for model with 4 maximum context length"), True),
        (Answered(400, "no", code="3051"), True),
        (Answered(400, "no", code="context_length_exceeded"), True),
        (Answered(400, "the request exceeds it", kind="exceed_context_size_error"), True),
        (Answered(400, "This model's maximum context length is 4096 tokens. However, you requested"), True),
        (Answered(413, "Payload too large"), True),
        (Answered(400, "The input token count (9) exceeds the maximum number of tokens allowed (4)"), True),
        (Answered(400, "This model's maximum prompt length is 4 but the request contains 9 tokens"), True),
        (Answered(500, "Context size has been exceeded."), True),
        (Answered(422, "The input is too long"), True),
        (Answered(400, "Invalid model: long"), False),
        (Answered(429, "Too many tokens per minute"), False),
        (Answered(500, "context length"), False),
    ],
)
def test_a_refusal_for_length_is_told_from_others(answer: Answered, is_it: bool) -> None:  # noqa: FBT001
    assert is_too_long(answer) == is_it
