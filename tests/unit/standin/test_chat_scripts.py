"""Scripts direct chats, by what the request holds alone."""

from typing import Any

import pytest

from tests.standin import chat_answering
from tests.standin.chat_answering import Said, prompt_tokens
from tests.standin.chat_messages import ThinkChunk
from tests.standin.chat_requests import Asked, ChatRequest
from tests.standin.control import OPENAI_CHAT, StandIn
from tests.standin.errors import ApiError
from tests.standin.scenario import Scenario
from tests.unit.standin.chats import CALL, RATE, Json, post, result, say, user
from tests.unit.standin.samples import MODEL


def scenario(*scripts: dict[str, Any]) -> Scenario:
    return Scenario.model_validate({"scripts": list(scripts)})


def ask(messages: list[Json], model: str = MODEL) -> Asked:
    return ChatRequest.model_validate({"model": model, "messages": messages, "tools": [RATE]}).asked()


def reply(asked: Asked, scenario: Scenario) -> Said:
    return chat_answering.reply(asked, prompt_tokens(asked), scenario)


def follow(said: Said, text: str = "2 %") -> list[Json]:
    """Go on after an answer, as a caller does: with it, and the results of its calls."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in said.calls
    ]
    answered: Json = {"role": "assistant", "content": said.text, "tool_calls": calls}
    return [answered, *(result(call.id, text) for call in said.calls)]


def arguments(said: Said) -> list[str]:
    return [call.arguments for call in said.calls]


LOOP = {
    "agent": MODEL,
    "turns": [{"steps": [CALL], "repeat": 200}, {"steps": [{"text": "{turn}: {results}"}]}],
}


def test_a_script_calls_a_tool_200_times_each_with_another_argument() -> None:
    messages = [user("Go.")]
    for number in range(200):
        said = reply(ask(messages), scenario(LOOP))
        assert arguments(said) == [f'{{"day": {number}}}']
        messages += follow(said, f"{number} %")
    last = reply(ask(messages), scenario(LOOP))
    assert last.text.startswith("200: 0 %; 1 %;")
    assert last.text.endswith("199 %")
    ids = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert len(set(ids)) == 200
    assert all(len(str(one)) == 9 and str(one).isalnum() for one in ids)


def test_a_script_goes_on_where_it_was_after_its_beginning_is_cut_away() -> None:
    messages: list[Json] = [user("Go.")]
    for _ in range(20):
        messages += follow(reply(ask(messages), scenario(LOOP)))
    compacted = [user("Go."), say("Summary of what was said so far."), user("Go on."), *messages[-4:]]
    assert arguments(reply(ask(compacted), scenario(LOOP))) == ['{"day": 20}']


def test_without_ids_a_script_counts_the_assistants_messages() -> None:
    texts = {"agent": MODEL, "turns": [{"steps": [{"text": "first"}]}, {"steps": [{"text": "second"}]}]}
    assert reply(ask([user("a")]), scenario(texts)).text == "first"
    assert reply(ask([user("a"), say("first"), user("b")]), scenario(texts)).text == "second"


def test_a_script_counts_from_its_input_on() -> None:
    one = {"agent": MODEL, "input": "one", "turns": [{"steps": [{"text": "1"}]}]}
    two = {"agent": MODEL, "input": "two", "turns": [{"steps": [CALL]}, {"steps": [{"text": "2"}]}]}
    messages = [user("one")]
    messages += [*follow(reply(ask(messages), scenario(two, one))), user("two")]
    called = reply(ask(messages), scenario(two, one))
    assert arguments(called) == ['{"day": 0}']
    assert reply(ask([*messages, *follow(called)]), scenario(two, one)).text == "2"


def test_scripts_that_take_turns_in_one_transcript_each_count_their_own() -> None:
    first = {
        "agent": MODEL,
        "input": "You are Ada",
        "turns": [{"steps": [CALL]}, {"steps": [{"text": "done"}]}],
    }
    second = {
        "agent": MODEL,
        "input": "You are Bob",
        "turns": [{"steps": [CALL]}, {"steps": [{"text": "too"}]}],
    }
    ada: Json = {"role": "system", "content": "You are Ada."}
    bob: Json = {"role": "system", "content": "You are Bob."}
    both = scenario(first, second)
    messages = [user("Go."), *follow(reply(ask([ada, user("Go.")]), both))]
    messages += follow(reply(ask([bob, *messages]), both))
    assert reply(ask([ada, *messages]), both).text == "done"
    assert reply(ask([bob, *messages]), both).text == "too"


def test_after_a_script_the_model_decides_and_other_models_are_left_to_it() -> None:
    once = {"agent": MODEL, "turns": [{"steps": [CALL]}]}
    messages = [user("What is the rate of day 3?")]
    said = reply(ask(messages), scenario(once))
    assert reply(ask([*messages, *follow(said)]), scenario(once)).text.startswith(
        "Here is what I found: rate"
    )
    assert arguments(reply(ask(messages, "mistral-large-latest"), scenario(once))) == ['{"day": 3}']


def test_a_turn_costs_what_its_script_says() -> None:
    dear = {"agent": MODEL, "turns": [{"steps": [CALL], "prompt_tokens": 100, "completion_tokens": 10}]}
    assert reply(ask([user("a")]), scenario(dear)).usage.total_tokens == 110


def test_a_chat_has_no_steps_of_a_conversation() -> None:
    handoff = {"agent": MODEL, "turns": [{"steps": [{"handoff": "other"}]}]}
    with pytest.raises(ApiError) as refused:
        reply(ask([user("a")]), scenario(handoff))
    assert refused.value.status == 400


def test_a_thought_comes_in_the_form_of_the_dialect_and_can_be_given_back(standin: StandIn) -> None:
    turns = [{"steps": [CALL], "thought": "Turn {turn}?"}, {"steps": [{"text": "Done."}], "thought": "Yes."}]
    standin.set_scenario(scenario({"agent": MODEL, "turns": turns}))
    body: Json = {"model": MODEL, "messages": [user("a")], "tools": [RATE]}
    message = post(standin, body).json()["choices"][0]["message"]
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Turn 0?"}], "closed": True}
    assert {**message["content"][0], "signature": None} == {**thinking, "signature": None}
    again = {**body, "messages": [user("a"), message, result(message["tool_calls"][0]["id"])]}
    last = post(standin, again).json()["choices"][0]["message"]["content"]
    assert ThinkChunk.model_validate(last[0]).thinking[0].text == "Yes."
    assert last[1] == {"type": "text", "text": "Done."}
    message = post(standin, body, OPENAI_CHAT).json()["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("Turn 0?", None)
    again = {**body, "messages": [user("a"), message, result(message["tool_calls"][0]["id"])]}
    last = post(standin, again, OPENAI_CHAT).json()["choices"][0]["message"]
    assert (last["reasoning_content"], last["content"]) == ("Yes.", "Done.")
