"""What is sent to a server of chat completions."""

import re

import pytest
from pydantic import JsonValue, TypeAdapter

from agents_crds.contract.transcript import (
    CompletionOptions,
    FunctionDefinition,
    HandoffTarget,
    ImagePart,
    InputMessage,
    ModelMessage,
    SaidMessage,
    TextPart,
)
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.chat_messages import ChatRequest
from agents_worker.sessions.chat_body import chat_body
from tests.unit.worker.chats import asked, call, called, request, result, spoke

PAY = FunctionDefinition(name="pay", description="Pays.", parameters=JsonSchema({"type": "object"}))
RATE = JsonSchema({"type": "object"})
OPTIONS = CompletionOptions(temperature=0.0, max_tokens=5, random_seed=7, stop=("a",), tool_choice="any")


def test_nothing_is_sent_that_is_not_set() -> None:
    assert chat_body(request(asked("Hi"), protocol="ChatCompletions")) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
    }


@pytest.mark.parametrize(
    ("protocol", "seed", "choice"),
    [("Mistral", "random_seed", "any"), ("ChatCompletions", "seed", "required")],
)
def test_each_server_is_told_in_its_own_words(protocol: str, seed: str, choice: str) -> None:
    body = chat_body(request(asked("Hi"), protocol=protocol, functions=(PAY,), options=OPTIONS))
    assert {name: body[name] for name in body if name not in {"model", "messages", "tools"}} == {
        "temperature": 0.0,
        "max_tokens": 5,
        seed: 7,
        "stop": ["a"],
        "tool_choice": choice,
    }


def test_a_choice_of_tools_is_not_sent_without_tools() -> None:
    assert "tool_choice" not in chat_body(request(asked("Hi"), options=OPTIONS))


@pytest.mark.parametrize(("protocol", "more"), [("Mistral", {"strict": True}), ("ChatCompletions", {})])
def test_a_form_is_asked_for(protocol: str, more: dict[str, JsonValue]) -> None:
    asking = request(asked("Hi"), protocol=protocol).model_copy(update={"output_schema": RATE})
    form = {"name": "output", "schema": {"type": "object"}, **more}
    assert chat_body(asking)["response_format"] == {"type": "json_schema", "json_schema": form}


def test_calls_and_results_go_back_as_they_came() -> None:
    content: JsonValue = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "I pay."}]
    answer = ModelMessage(
        agent="finance", content=content, reasoning={"reasoning": "Hm"}, calls=(call("a"), call("b"))
    )
    said = (asked("Hi"), answer, result("a", "1"), result("b", "2"))
    body = chat_body(request(*said, protocol="ChatCompletions"))
    function = {"name": "pay", "arguments": "{}"}
    assert body["messages"] == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": content,
            "reasoning": "Hm",
            "tool_calls": [{"id": id_, "type": "function", "function": function} for id_ in "ab"],
        },
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
    ]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('{"a":', '{"malformed":"{\\"a\\":"}'),
        ("[1]", '{"malformed":"[1]"}'),
    ],
)
def test_what_a_model_wrote_in_place_of_an_object_is_sent_as_one(arguments: str, sent: str) -> None:
    answer = ModelMessage(agent="finance", calls=(call("a", arguments=arguments),))
    [message, _] = _messages(request(answer, result("a")))
    [made] = _listed(message["tool_calls"])
    assert made["function"] == {"name": "pay", "arguments": sent}


@pytest.mark.parametrize(("name", "sent"), [("a.b c", "a_b_c"), ("", "unknown"), ("x" * 99, "x" * 64)])
def test_a_name_that_a_model_made_up_is_sent_as_one_that_servers_take(name: str, sent: str) -> None:
    answer = ModelMessage(agent="finance", calls=(call("a", name),))
    [message, _] = _messages(request(answer, result("a")))
    [made] = _listed(message["tool_calls"])
    assert made["function"] == {"name": sent, "arguments": "{}"}


def test_a_call_without_words_says_that_it_has_none() -> None:
    [message, _] = _messages(request(called("a"), result("a")))
    assert message["content"] is None


def test_mistral_gets_ids_of_its_own_form_and_no_fields_that_it_does_not_know() -> None:
    signed = call("call_1").model_copy(update={"extra_content": {"google": {"thought_signature": "x"}}})
    answer = ModelMessage(agent="finance", reasoning={"reasoning": "Hm"}, calls=(signed, call("abcDEF123")))
    said = (answer, result("call_1"), result("abcDEF123"))
    [message, first, second] = _messages(request(*said))
    [odd, own] = _listed(message["tool_calls"])
    assert set(message) == {"role", "content", "tool_calls"}
    assert set(odd) == {"id", "type", "function"}
    assert (odd["id"], own["id"]) == (first["tool_call_id"], second["tool_call_id"])
    assert re.fullmatch("[a-zA-Z0-9]{9}", str(odd["id"]))
    assert own["id"] == "abcDEF123"
    [message, first, _] = _messages(request(*said, protocol="ChatCompletions"))
    [odd, _] = _listed(message["tool_calls"])
    assert (odd["id"], first["tool_call_id"]) == ("call_1", "call_1")
    assert (odd["extra_content"], message["reasoning"]) == (signed.extra_content, "Hm")


def test_an_answer_of_nothing_is_left_out() -> None:
    body = chat_body(request(asked("Hi"), spoke(""), asked("Well?")))
    assert body["messages"] == [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Well?"}]


@pytest.mark.parametrize(
    ("protocol", "roles"),
    [
        ("Mistral", ["assistant", "tool", "assistant", "user"]),
        ("ChatCompletions", ["assistant", "tool", "user"]),
    ],
)
def test_mistral_lets_no_user_speak_after_a_tool(protocol: str, roles: list[str]) -> None:
    sent = _messages(request(called("a"), result("a"), asked("And?"), protocol=protocol))
    assert [message["role"] for message in sent] == roles


def test_an_image_is_sent_by_its_address_and_texts_alone_as_one() -> None:
    parts = (TextPart(text="Look"), ImagePart(url="https://x.test/a.png"))
    image = SaidMessage(message=InputMessage(role="user", content=parts))
    texts = SaidMessage(message=InputMessage(role="user", content=(parts[0], parts[0])))
    assert [message["content"] for message in _messages(request(image, texts))] == [
        [
            {"type": "text", "text": "Look"},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
        ],
        "Look\n\nLook",
    ]


def test_an_agent_among_several_is_told_who_it_is_and_to_whom_it_can_hand_over() -> None:
    target = HandoffTarget(agent="rates", tool="handoff_to_rates", description="Knows rates")
    asking = request(asked("Hi"), instructions="Help.", handoffs=(target,))
    [system, _] = _messages(asking)
    assert str(system["content"]).startswith("Help.\n\nYou are the agent finance, one of several")
    assert "- handoff_to_rates: rates: Knows rates" in str(system["content"])
    [tool] = _listed(chat_body(asking)["tools"])
    assert tool["function"] == {
        "name": "handoff_to_rates",
        "description": "Hands the conversation over to the agent rates: Knows rates",
        "parameters": {"type": "object", "properties": {}},
    }
    other = ModelMessage(agent="rates", content="4.25")
    [system, *_] = _messages(request(asked("Hi"), other, asked("So?")))
    assert system == {
        "role": "system",
        "content": "You are the agent finance, one of several in this conversation.",
    }


def _listed(value: JsonValue) -> list[dict[str, JsonValue]]:
    return TypeAdapter(list[dict[str, JsonValue]]).validate_python(value)


def _messages(asking: ChatRequest) -> list[dict[str, JsonValue]]:
    return _listed(chat_body(asking)["messages"])
