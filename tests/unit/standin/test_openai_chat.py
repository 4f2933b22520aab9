"""Chat completions of the second dialect, which is as strict as OpenAI's API."""

import json

import pytest

from tests.standin.control import OPENAI_CHAT, StandIn, rate_limited
from tests.unit.standin.chats import RATE, Json, call, post, result, say, user
from tests.unit.standin.samples import MODEL

BODY: Json = {"model": MODEL, "messages": [user("What is the rate of day 3?")], "tools": [RATE]}


def error_of(standin: StandIn, body: Json, status: int = 400) -> dict[str, str]:
    response = post(standin, body, OPENAI_CHAT)
    assert response.status_code == status, response.text
    found: dict[str, str] = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


def test_a_tool_is_called_and_its_result_heard(standin: StandIn) -> None:
    arguments: Json = {"seed": 7, "max_completion_tokens": 100, "tool_choice": "auto", "user": "a"}
    first = post(standin, {**BODY, **arguments}, OPENAI_CHAT).json()
    message = first["choices"][0]["message"]
    (called,) = message["tool_calls"]
    assert (message["content"], first["choices"][0]["finish_reason"]) == (None, "tool_calls")
    assert json.loads(called["function"]["arguments"]) == {"day": 3}
    assert called["id"].startswith("call_")
    assert set(called) == {"id", "type", "function"}
    messages = [user("What is the rate of day 3?"), message, result(called["id"], "2 %")]
    last = post(standin, {**BODY, "messages": messages}, OPENAI_CHAT).json()
    assert "2 %" in last["choices"][0]["message"]["content"]
    assert last["usage"]["total_tokens"] > first["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"random_seed": 1}, "Unrecognized request argument supplied: random_seed"),
        ({"messages": [{**user("a"), "prefix": False}]}, "Unknown parameter: 'messages[0].prefix'."),
        (
            {"messages": [user("a"), call("c1"), {**result("c1"), "name": "rate"}]},
            "Unknown parameter: 'messages[2].name'.",
        ),
        (
            {"messages": [{"role": "tool", "content": "a"}]},
            "Missing required parameter: 'messages[0].tool_call_id'.",
        ),
        ({"messages": []}, "Invalid 'messages': empty array. Expected an array with minimum length 1."),
        ({"tools": []}, "Invalid 'tools': empty array. Expected an array with minimum length 1."),
        ({"tool_choice": "any"}, "Invalid value for 'tool_choice'"),
        ({"tools": None, "tool_choice": "auto"}, "'tool_choice' is only allowed when 'tools' are specified."),
        ({"messages": [result("c1")]}, "must be a response to a preceeding message with 'tool_calls'"),
        ({"messages": [user("a"), call("c1")]}, "did not have response messages: c1"),
        ({"messages": [user("a"), call("c1"), user("b")]}, "did not have response messages: c1"),
        ({"messages": [user("a"), {**say(""), "content": None}]}, "expected a string, got null"),
        ({"response_format": {"type": "json_object"}}, "'messages' must contain the word 'json'"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": {}, "strict": True},
                }
            },
            "'additionalProperties' is required to be supplied and to be false.",
        ),
        ({"max_tokens": 1, "max_completion_tokens": 1}, "at the same time is not supported"),
        ({"stream": True}, "does not stream"),
    ],
)
def test_what_openai_does_not_know_is_refused(standin: StandIn, change: Json, message: str) -> None:
    assert message in error_of(standin, {**BODY, **change})["message"]
    assert standin.counters().chat_calls == 0


def test_roles_may_come_in_any_order(standin: StandIn) -> None:
    messages = [
        say("a"),
        user("b"),
        {"role": "developer", "content": "c"},
        call("c1"),
        result("c1"),
        user("d"),
    ]
    assert post(standin, {"model": MODEL, "messages": messages}, OPENAI_CHAT).status_code == 200


def test_errors_of_every_kind_have_its_form(standin: StandIn) -> None:
    standin.set_window("tiny", 5)
    small = error_of(standin, {"model": "tiny", "messages": [user("x" * 100)]})
    assert small["code"] == "context_length_exceeded"
    assert (
        "maximum context length is 5 tokens. However, your messages resulted in 25 tokens."
        in small["message"]
    )
    assert error_of(standin, {**BODY, "model": "gpt"}, 404)["code"] == "model_not_found"
    standin.fail("POST", OPENAI_CHAT, rate_limited(7))
    limited = post(standin, BODY, OPENAI_CHAT)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert "Rate limit" in limited.json()["error"]["message"]
    unknown = post(standin, BODY, OPENAI_CHAT, key="another")
    assert (unknown.status_code, unknown.json()["error"]["message"]) == (401, "Unauthorized")
