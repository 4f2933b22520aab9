"""Chat completions, as Mistral's own client speaks them."""

import json

import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.control import CHAT, StandIn, rate_limited
from tests.standin.faults import AnswerWith, LoseResponse
from tests.unit.standin.chats import RATE, Json, call, post, result, say, user
from tests.unit.standin.samples import INTEREST, KEY, MODEL, QUESTION, WEATHER, function_tool


def tools_of(*specs: object) -> list[models.ChatCompletionRequestTool]:
    given = [function_tool(spec).function for spec in specs]  # type: ignore[arg-type] # specs of the samples
    return [models.Tool(function=function) for function in given]


def message_of(response: models.ChatCompletionResponse) -> models.AssistantMessage:
    message = response.choices[0].message
    assert message is not None
    return message


def refused(standin: StandIn, body: Json) -> Json:
    response = post(standin, body)
    assert response.status_code == 400, response.text
    found: Json = response.json()
    return found


def test_mistrals_client_calls_a_tool_and_hears_what_came_of_it(mistral: Mistral, standin: StandIn) -> None:
    messages: list[models.ChatCompletionRequestMessage] = [
        models.SystemMessage(content="Use tools."),
        models.UserMessage(content=QUESTION),
    ]
    tools = tools_of(INTEREST, WEATHER)
    asked = mistral.chat.complete(model=MODEL, messages=messages, tools=tools, temperature=0.3)
    message = message_of(asked)
    assert asked.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls
    (called,) = message.tool_calls
    assert called.function.name == "get_interest_rate"
    assert json.loads(str(called.function.arguments)) == {"bank": "ECB", "year": 2023}
    messages += [message, models.ToolMessage(content="4.5 %", tool_call_id=called.id)]
    told = mistral.chat.complete(model=MODEL, messages=messages, tools=tools)
    assert "4.5 %" in str(message_of(told).content)
    assert told.choices[0].finish_reason == "stop"
    assert (told.usage.prompt_tokens or 0) > (asked.usage.prompt_tokens or 0) > 0
    assert standin.counters().chat_models == {MODEL: 2}


def test_every_sampling_argument_of_mistrals_client_is_taken(mistral: Mistral) -> None:
    answered = mistral.chat.complete(
        model=MODEL,
        messages=[models.UserMessage(content="Hello")],
        temperature=0.5,
        top_p=0.9,
        max_tokens=100,
        random_seed=7,
        stop=["."],
        presence_penalty=0.1,
        frequency_penalty=0.1,
        n=2,
        safe_prompt=True,
        parallel_tool_calls=False,
        prompt_mode="reasoning",
        reasoning_effort="high",
        metadata={"run": "1"},
        guardrails=[],
        prediction=models.Prediction(content="Hi"),
        response_format=models.ResponseFormat(type="text"),
    )
    assert len(answered.choices) == 2


def test_the_same_request_gets_the_same_answer(standin: StandIn) -> None:
    body: Json = {"model": MODEL, "messages": [user(QUESTION)], "tools": [RATE]}
    first, second = post(standin, body).json(), post(standin, body).json()
    assert first["choices"] == second["choices"]
    counts = standin.counters().chats[QUESTION]
    assert (counts.calls, counts.repeated, counts.longest) == (2, 1, 1)


def test_an_answer_in_a_form_is_json(standin: StandIn) -> None:
    schema = {"type": "object", "properties": {"year": {"type": "integer"}}, "required": ["year"]}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": True}}
    answered = post(standin, {"model": MODEL, "messages": [user(QUESTION)], "response_format": form}).json()
    assert json.loads(answered["choices"][0]["message"]["content"]) == {"year": 2023}


def test_a_function_can_be_demanded_or_forbidden(standin: StandIn) -> None:
    demanded = {"type": "function", "function": {"name": "rate"}}
    body: Json = {"model": MODEL, "messages": [user("Hello")], "tools": [RATE]}
    (called,) = post(standin, {**body, "tool_choice": demanded}).json()["choices"][0]["message"]["tool_calls"]
    assert called["function"]["name"] == "rate"
    asked = {**body, "messages": [user("Call rate.")], "tool_choice": "none"}
    assert post(standin, asked).json()["choices"][0]["message"]["tool_calls"] is None


@pytest.mark.parametrize(
    ("messages", "code", "words"),
    [
        ([], "3230", "at least one message"),
        ([user("a"), call("abc123def")], "3230", "Expected last role User or Tool"),
        ([user("a"), call("abc123def"), user("b")], "3230", "Not the same number of function calls"),
        (
            [user("a"), call("abc123def"), result("abc123def"), user("b")],
            "3230",
            "Unexpected role 'user' after role 'tool'",
        ),
        ([user("a"), call("abc123def", "abc123deg"), result("abc123def")], "3230", "Not the same number"),
        ([user("a"), say("b"), result("abc123def")], "3230", "Not the same number"),
        ([user("a"), call("abc123def"), result("abc123deg")], "3230", "Unexpected tool call id abc123deg"),
        ([user("a"), call("call_1"), result("call_1")], "3280", "Tool call id was call_1 but must be"),
        ([user("a"), {"role": "assistant", "content": ""}, user("b")], "3240", "must have either content"),
    ],
)
def test_messages_out_of_order_are_refused(
    standin: StandIn, messages: list[object], code: str, words: str
) -> None:
    found = refused(standin, {"model": MODEL, "messages": messages})
    assert (found["object"], found["code"]) == ("error", code)
    assert words in str(found["message"])
    assert standin.counters().chat_calls == 0


def test_unknown_fields_models_and_streams_are_refused(standin: StandIn) -> None:
    body: Json = {"model": MODEL, "messages": [user("a")]}
    (unknown,) = post(standin, {**body, "seed": 1}).json()["detail"]
    assert (unknown["type"], unknown["loc"]) == ("extra_forbidden", ["body", "seed"])
    answered = post(standin, {**body, "messages": [{**user("a"), "name": "b"}]})
    (unknown,) = answered.json()["detail"]
    assert (answered.status_code, unknown["loc"]) == (422, ["body", "messages", 0, "user", "name"])
    assert refused(standin, {**body, "model": "gpt-4o"})["code"] == "1500"
    assert "does not stream" in str(refused(standin, {**body, "stream": True})["message"])
    assert post(standin, body, key="another").status_code == 401


def test_a_prompt_larger_than_the_window_is_refused(standin: StandIn) -> None:
    standin.set_window("tiny", 50)
    body: Json = {"model": "tiny", "messages": [user("x" * 400)]}
    found = refused(standin, body)
    assert (
        found["message"] == "Prompt contains 100 tokens, too large for model with 50 maximum context length"
    )
    assert found["code"] == "3051"
    short: Json = {"model": "tiny", "messages": [user("x")]}
    assert post(standin, short).status_code == 200
    assert refused(standin, {**short, "max_tokens": 50})["code"] == "3051"


def test_models_tell_their_windows(mistral: Mistral, standin: StandIn) -> None:
    def windows() -> dict[str, int | None]:
        listed = mistral.models.list().data or []
        cards = [card for card in listed if isinstance(card, models.BaseModelCard)]
        assert all(card.capabilities.function_calling for card in cards)
        return {card.id: card.max_context_length for card in cards}

    standin.set_window("tiny", 50)
    standin.set_window(MODEL, 1000)
    assert (windows()["tiny"], windows()[MODEL], windows()["mistral-large-latest"]) == (50, 1000, 131072)
    standin.reset()
    assert (windows().get("tiny"), windows()[MODEL]) == (None, 131072)


def test_a_summary_is_short_and_names_what_it_found(standin: StandIn) -> None:
    said = "\n".join(f"Order {number} of Berta costs {number * 7} EUR." for number in range(3000))
    messages = [{"role": "system", "content": "Summarise the conversation."}, user(f"Code ALPHA-7.\n{said}")]
    answered = post(standin, {"model": MODEL, "messages": messages}).json()["choices"][0]["message"]
    assert len(answered["content"]) <= 2000
    assert all(word in answered["content"] for word in ("ALPHA-7", "Berta", "EUR", "14"))


def test_an_answer_ends_where_the_tokens_do(standin: StandIn) -> None:
    choice = post(standin, {"model": MODEL, "messages": [user("Hello " * 50)], "max_tokens": 5}).json()
    assert choice["choices"][0]["finish_reason"] == "length"
    assert len(choice["choices"][0]["message"]["content"]) == 20


def test_faults_meet_chats_too(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", CHAT, rate_limited(3))
    standin.fail("POST", CHAT, AnswerWith(status=503), nth=2)
    standin.fail("POST", CHAT, LoseResponse(), nth=3)
    messages: list[models.ChatCompletionRequestMessage] = [models.UserMessage(content="Hello")]
    for status in (429, 503):
        with pytest.raises(errors.SDKError) as failed:
            mistral.chat.complete(model=MODEL, messages=messages)
        assert failed.value.status_code == status
    assert standin.counters().chat_calls == 0
    with pytest.raises(Exception, match="disconnected"):
        mistral.chat.complete(model=MODEL, messages=messages)
    assert standin.counters().chat_calls == 1
    mistral.chat.complete(model=MODEL, messages=messages)
    assert standin.counters().chats["Hello"].repeated == 1


def test_the_last_exchange_of_a_transcript_can_be_looked_at(standin: StandIn) -> None:
    for messages in ([user("one")], [user("one"), say("heard"), user("two")]):
        post(standin, {"model": MODEL, "messages": messages})
    (chat,) = standin.chats()
    assert chat.topic == "one"
    assert chat.request["messages"] == [user("one"), say("heard"), user("two")]
    assert "two" in json.dumps(chat.answer)
    assert KEY not in json.dumps(chat.model_dump())
