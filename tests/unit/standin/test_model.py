"""The model chooses tools by the request, answers from their results, and comes to an end."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from tests.standin.choice import FunctionSpec
from tests.standin.entries import AnyEntry, FunctionCall, FunctionResult, Handoff, MessageInput, MessageOutput
from tests.standin.model import CallTool, Colleague, HandOff, Prompt, Say, Turn, next_turn
from tests.standin.tools import CompletionArgs
from tests.unit.standin.samples import AUDIT, DICE, INTEREST, QUESTION, TOOLS, WEATHER, spec

WORDS = (
    "roll",
    "the",
    "rate",
    "and",
    "then",
    "do",
    "not",
    "use",
    "get",
    "in",
    "2023",
    "Oslo",
    ",",
    "always",
    "then,",
)
Call = tuple[str, dict[str, JsonValue]]


def ask(text: str, *after: AnyEntry, instructions: str = "", tools: tuple[FunctionSpec, ...] = TOOLS) -> Turn:
    entries = (MessageInput(role="user", content=text), *after)
    return next_turn(Prompt(instructions=instructions, tools=tools, entries=entries))


def calls(turn: Turn) -> list[Call]:
    return [(step.name, step.arguments) for step in turn.steps if isinstance(step, CallTool)]


def said(turn: Turn) -> str:
    (step,) = turn.steps
    assert isinstance(step, Say)
    return step.text


def answered(
    name: str, value: str, call_id: str = "abcdefghi", /, **arguments: JsonValue
) -> tuple[AnyEntry, ...]:
    call = FunctionCall(tool_call_id=call_id, name=name, arguments=json.dumps(arguments))
    return (call, FunctionResult(tool_call_id=call_id, result=value))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (QUESTION, [("get_interest_rate", {"bank": "ECB", "year": 2023})]),
        (
            "Compare the Fed interest rates of 2021 and 2022",
            [
                ("get_interest_rate", {"bank": "Fed", "year": 2021}),
                ("get_interest_rate", {"bank": "Fed", "year": 2022}),
            ],
        ),
        (
            "What is the weather in Paris and the interest rate of the Fed in 2021?",
            [("get_weather", {"city": "Paris"}), ("get_interest_rate", {"bank": "Fed", "year": 2021})],
        ),
        (
            "Convert 100 EUR to USD",
            [("get_exchange_rate", {"base_currency": "EUR", "to_currency": "USD", "amount": 100})],
        ),
        ("Roll a 20-sided die", [("roll_dice", {"sides": 20})]),
        ("What's the temperature in Oslo?", [("get_weather", {"city": "Oslo"})]),
        ("Use get_weather for Rome", [("get_weather", {"city": "Rome"})]),
        (
            "Call roll_dice with sides=12, and get_weather for Oslo",
            [("roll_dice", {"sides": 12}), ("get_weather", {"city": "Oslo"})],
        ),
        ("Search the docs for 'durable timers'", [("search_docs", {"query": "durable timers"})]),
    ],
)
def test_tools_that_fit_the_request_are_called(text: str, expected: list[Call]) -> None:
    assert calls(ask(text)) == expected


@pytest.mark.parametrize(
    "text", ["Hello, how are you?", "Tell me a joke", "Thank you!", "Do not use get_weather", ""]
)
def test_a_request_that_fits_no_tool_is_answered_directly(text: str) -> None:
    assert text in said(ask(text))


def test_without_tools_the_question_is_echoed() -> None:
    assert QUESTION in said(ask(QUESTION, tools=()))


def test_the_answer_holds_the_results_word_for_word() -> None:
    turn = ask(
        "Roll the dice and tell me the weather in Oslo",
        *answered("roll_dice", "5"),
        *answered("get_weather", '{"sky": "grey"}', "bbbbbbbbb", city="Oslo"),
    )
    assert "5" in said(turn)
    assert '{"sky": "grey"}' in said(turn)


def test_a_later_step_is_called_after_the_results_of_the_first() -> None:
    text = "First roll the dice, then tell me the weather in Oslo"
    assert calls(ask(text)) == [("roll_dice", {})]
    assert calls(ask(text, *answered("roll_dice", "5"))) == [("get_weather", {"city": "Oslo"})]


def test_a_later_step_takes_its_arguments_from_the_results() -> None:
    orders = spec("list_orders", "Orders of a user.", ("user_id",), user_id={"type": "string"})
    user = spec("find_user", "Find a user by name.", ("name",), name={"type": "string"})
    turn = ask(
        "Find the user named Ann and then list the orders",
        *answered("find_user", '{"user_id": "u-17"}', name="Ann"),
        tools=(orders, user),
    )
    assert calls(turn) == [("list_orders", {"user_id": "u-17"})]


def test_a_tool_that_the_instructions_order_is_called_last() -> None:
    for orders in ("Answer questions. Always call audit_log before you answer.", "audit_log must be called."):
        assert [name for name, _ in calls(ask("Roll the dice", instructions=orders))] == ["roll_dice"]
        turn = ask("Roll the dice", *answered("roll_dice", "5"), instructions=orders)
        assert [name for name, _ in calls(turn)] == ["audit_log"]


def test_a_tool_that_the_instructions_only_mention_is_not_called() -> None:
    assert calls(ask("Hello", instructions="You can use roll_dice. You must not use audit_log.")) == []


def test_a_task_ends_after_at_most_one_turn_for_each_tool() -> None:
    text = "Roll dice, weather, search, audit, interest, exchange, then roll dice, then weather, then search"
    after: tuple[AnyEntry, ...] = ()
    for turn_number in range(len(TOOLS) + 1):
        turn = ask(text, *after, instructions="Always use audit_log. Finally use roll_dice.")
        if not calls(turn):
            break
        for index, (name, arguments) in enumerate(calls(turn)):
            after += answered(name, "done", f"call{turn_number:02}{index:03}", **arguments)
    assert calls(turn) == []


def test_a_new_message_begins_a_new_task() -> None:
    before = (*answered("roll_dice", "5"), MessageOutput(content="You got a 5."))
    again = MessageInput(role="user", content="Roll the dice again")
    assert calls(ask("Roll the dice", *before, again)) == [("roll_dice", {})]


def test_tool_choice_decides_over_the_words() -> None:
    def with_choice(choice: str, text: str) -> list[Call]:
        completion = CompletionArgs.model_validate({"tool_choice": choice})
        entries = (MessageInput(role="user", content=text),)
        return calls(
            next_turn(Prompt(instructions="", tools=(DICE, AUDIT), completion=completion, entries=entries))
        )

    assert with_choice("none", "Roll the dice") == []
    assert len(with_choice("any", "Hello")) == 1
    assert with_choice("auto", "Hello") == []


def test_an_output_schema_makes_the_answer_json() -> None:
    form = {
        "type": "json_schema",
        "json_schema": {
            "name": "rate",
            "schema": {"type": "object", "properties": {"rate": {"type": "number"}}, "required": ["rate"]},
        },
    }
    completion = CompletionArgs.model_validate({"response_format": form})
    entries = (MessageInput(role="user", content=QUESTION), *answered("get_interest_rate", "4.25"))
    turn = next_turn(Prompt(instructions="", tools=(INTEREST,), completion=completion, entries=entries))
    assert json.loads(said(turn)) == {"rate": 4.25}


RATE = {"type": "object", "properties": {"rate": {"type": "number"}}, "required": ["rate"]}


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        (RATE, {"rate": 4.25}),
        ({"$ref": "#/$defs/rate", "$defs": {"rate": RATE}}, {"rate": 4.25}),
        ({"type": "number"}, 4.25),
        ({"type": "array", "items": {"type": "number"}}, [4.25, 2023]),
    ],
)
def test_an_answer_is_given_again_in_the_form_that_the_caller_asks_for(
    schema: dict[str, JsonValue], answer: JsonValue
) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "rate", "schema": schema}}
    entries = (
        MessageInput(role="user", content=QUESTION),
        *answered("get_interest_rate", "4.25"),
        MessageOutput(content="It was high."),
        MessageInput(role="user", content="That does not fit the JSON schema: roll the dice and say 7.5."),
    )
    completion = CompletionArgs.model_validate({"response_format": form})
    turn = next_turn(Prompt(instructions="", tools=TOOLS, completion=completion, entries=entries))
    assert json.loads(said(turn)) == answer


def test_a_request_for_a_colleague_is_handed_off() -> None:
    colleagues = (
        Colleague(id="ag_1", name="weather-desk", description="Knows the weather."),
        Colleague(id="ag_2", name="bank-desk", description="Knows interest rates."),
    )
    entries = (MessageInput(role="user", content="Is the weather good?"),)
    prompt = Prompt(instructions="", tools=(DICE,), colleagues=colleagues, entries=entries)
    assert next_turn(prompt).steps == (HandOff(agent="ag_1"),)


def test_a_task_is_not_handed_back() -> None:
    back = Handoff(
        previous_agent_id="ag_1", previous_agent_name="a", next_agent_id="ag_2", next_agent_name="b"
    )
    entries = (MessageInput(role="user", content="Is the weather good?"), back)
    colleagues = (Colleague(id="ag_1", name="weather-desk", description="Knows the weather."),)
    turn = next_turn(Prompt(instructions="", tools=(), colleagues=colleagues, entries=entries))
    assert "weather" in said(turn)


def test_the_same_prompt_gives_the_same_turn() -> None:
    assert ask(QUESTION) == ask(QUESTION)


def test_tools_of_other_words_stay_out() -> None:
    assert calls(ask("Is it warm in Rome? I need the temperature.", tools=(WEATHER, INTEREST))) == [
        ("get_weather", {"city": "Rome"})
    ]


@settings(deadline=None)
@given(
    text=st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join),
    names=st.lists(
        st.sampled_from(["__", "-", "a", "123", "get", "get_rate", "roll", "rollDice", "RATE"]), unique=True
    ),
)
def test_any_request_gets_a_turn_that_uses_only_the_tools_given(text: str, names: list[str]) -> None:
    turn = ask(text, instructions=text, tools=tuple(spec(name, text) for name in names))
    assert turn.steps
    assert {name for name, _ in calls(turn)} <= set(names)


@pytest.mark.timeout(20)
def test_long_texts_do_not_hold_up_the_answer() -> None:
    text = "Roll the dice for Ann, Bob and 17 others at 3 * 4. " * 40_000
    turn = ask(text, *answered("roll_dice", text), instructions="Always use audit_log.")
    assert calls(turn)
