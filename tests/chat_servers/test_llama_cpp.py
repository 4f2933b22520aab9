"""What llama.cpp's server makes of chats with tools."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.chat_servers.bigrams import LAST_THOUGHT, SAID, THOUGHT
from tests.chat_servers.llama_cpp import ChatServer, running_llama_cpp

Json = dict[str, Any]
RATE: Json = {
    "type": "function",
    "function": {
        "name": "rate",
        "description": "The rate of a day.",
        "parameters": {
            "type": "object",
            "properties": {"day": {"type": "integer"}, "bank": {"enum": ["ECB", "Fed"]}},
            "required": ["day", "bank"],
        },
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    with running_llama_cpp(tmp_path_factory.mktemp("llama-cpp")) as server:
        yield server


def post(server: ChatServer, messages: list[Json], **more: Any) -> httpx2.Response:
    return httpx2.post(
        f"{server.url}/v1/chat/completions",
        json={"model": server.model, "messages": messages, **more},
        headers={"authorization": f"Bearer {server.key}"},
        timeout=60,
    )


def said(server: ChatServer, messages: list[Json], **more: Any) -> Json:
    answered = post(server, messages, **more).raise_for_status().json()
    message: Json = answered["choices"][0]["message"]
    assert answered["usage"]["total_tokens"] > 0
    return message


def user(text: str) -> Json:
    return {"role": "user", "content": text}


def test_a_tool_is_called_by_its_schema_as_often_as_the_user_says_and_then_it_speaks(
    server: ChatServer,
) -> None:
    messages = [user("Get the rate 3 times.")]
    for number in range(3):
        message = said(server, messages, tools=[RATE])
        (call,) = message["tool_calls"]
        assert call["function"]["name"] == "rate"
        assert json.loads(call["function"]["arguments"]) == {"day": 7, "bank": "ECB"}
        result = {"role": "tool", "tool_call_id": call["id"], "content": f"{number} %"}
        messages += [message, result]
    assert said(server, messages, tools=[RATE])["content"] == SAID


def test_its_thoughts_come_apart_and_may_be_given_back(server: ChatServer) -> None:
    messages = [user("Think, and get the rate.")]
    message = said(server, messages, tools=[RATE])
    assert (message["reasoning_content"].strip(), message["content"]) == (THOUGHT, "")
    (call,) = message["tool_calls"]
    messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": "2 %"}]
    last = said(server, messages, tools=[RATE])
    assert (last["reasoning_content"].strip(), last["content"]) == (LAST_THOUGHT, SAID)


def test_it_speaks_where_there_are_no_tools(server: ChatServer) -> None:
    assert said(server, [user("Hello")])["content"] == SAID
    assert "tool_calls" not in said(server, [user("Hello")], tools=[RATE], tool_choice="none")


def test_an_answer_keeps_to_a_schema(server: ChatServer) -> None:
    schema = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}
    form = {"type": "json_schema", "json_schema": {"name": "year", "schema": schema, "strict": True}}
    assert json.loads(said(server, [user("Hello")], response_format=form)["content"]) == {"year": 7}


def test_it_refuses_a_foreign_key_and_what_it_cannot_read(server: ChatServer) -> None:
    foreign = ChatServer(server.url, "another", server.model)
    assert post(foreign, [user("Hello")]).status_code == 401
    assert post(server, [{"role": "user"}]).status_code == 400
    assert post(server, [user("Hello")], tool_choice="sometimes").status_code == 400
    call = {"id": "a", "type": "function", "function": {"name": "rate", "arguments": "{"}}
    asked = {"role": "assistant", "content": "", "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "a", "content": "2 %"}
    broken = post(server, [user("Hello"), asked, result], tools=[RATE])
    assert "Failed to parse tool call arguments" in broken.json()["error"]["message"]


def test_a_prompt_larger_than_the_window_is_refused_in_its_own_words(server: ChatServer) -> None:
    refused = post(server, [user("x" * 5000)])
    error = refused.json()["error"]
    assert (refused.status_code, error["type"]) == (400, "exceed_context_size_error")
    assert "exceeds the available context size (4096 tokens)" in error["message"]
    assert (error["n_prompt_tokens"] > 5000, error["n_ctx"]) == (True, 4096)
