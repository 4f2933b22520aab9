"""Agents hand off to one another within one answer, by words or by script, in circles too."""

from typing import Any

import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.control import START, StandIn, failed_handoff
from tests.standin.scenario import Scenario
from tests.unit.standin.samples import (
    CODE,
    DICE,
    INTEREST,
    MODEL,
    WEATHER,
    calls_of,
    create_agent,
    executions_of,
    function_tool,
    refused_append,
    result,
    types_of,
    words_of,
)


def handoffs_of(response: models.ConversationResponse) -> list[tuple[str, str]]:
    entries = (entry for entry in response.outputs if isinstance(entry, models.AgentHandoffEntry))
    return [(entry.previous_agent_name, entry.next_agent_name) for entry in entries]


def script(standin: StandIn, **turns: list[list[dict[str, Any]]]) -> None:
    """Script agents by name: for each turn its steps."""
    scripts = [
        {"agent": agent, "turns": [{"steps": steps} for steps in listed]} for agent, listed in turns.items()
    ]
    standin.set_scenario(Scenario.model_validate({"scripts": scripts}))


def append(
    mistral: Mistral, conversation_id: str, *results: models.InputEntries
) -> models.ConversationResponse:
    return mistral.beta.conversations.append(conversation_id=conversation_id, inputs=list(results))


@pytest.fixture
def two(mistral: Mistral) -> tuple[models.Agent, models.Agent]:
    """Make two agents that hand off to each other."""
    one = create_agent(mistral, "one", DICE)
    two = mistral.beta.agents.create(
        model=MODEL, name="two", tools=[function_tool(WEATHER)], handoffs=[one.id]
    )
    return mistral.beta.agents.update(agent_id=one.id, handoffs=[two.id]), two


def test_two_agents_hand_back_and_forth_as_often_as_a_script_says(
    mistral: Mistral, standin: StandIn, two: tuple[models.Agent, models.Agent]
) -> None:
    script(
        standin,
        one=[[{"handoff": "two"}], [{"handoff": "two"}], [{"handoff": "two"}], [{"text": "one at last"}]],
        two=[[{"handoff": "one"}]] * 3,
    )
    answered = mistral.beta.conversations.start(agent_id=two[0].id, inputs="go")
    assert handoffs_of(answered) == [("one", "two"), ("two", "one")] * 3
    assert words_of(answered) == "one at last"
    assert standin.counters().conversations[answered.conversation_id].handoffs == 6
    assert standin.counters().handoffs == 6


def test_an_agent_that_gets_the_floor_back_is_of_the_version_that_began(
    mistral: Mistral, standin: StandIn, two: tuple[models.Agent, models.Agent]
) -> None:
    script(standin, one=[[{"handoff": "two"}], [{"call": "roll_dice"}]], two=[[{"handoff": "one"}]])
    began = mistral.beta.agents.get(agent_id=two[0].id).version
    mistral.beta.agents.update(agent_id=two[0].id, model="mistral-large-latest")
    started = mistral.beta.conversations.start(agent_id=two[0].id, agent_version=began, inputs="go")
    (call,) = calls_of(started)
    assert (call.agent_id, call.model) == (two[0].id, MODEL)


def test_turns_go_on_counting_after_a_call_of_ours(
    mistral: Mistral, standin: StandIn, two: tuple[models.Agent, models.Agent]
) -> None:
    script(
        standin,
        one=[[{"call": "roll_dice"}], [{"handoff": "two"}], [{"text": "{results}"}]],
        two=[[{"call": "get_weather", "arguments": {"city": "Oslo"}}], [{"handoff": "one"}]],
    )
    started = mistral.beta.conversations.start(agent_id=two[0].id, inputs="go")
    (dice,) = calls_of(started)
    second = append(mistral, started.conversation_id, result(dice.tool_call_id, "5"))
    assert types_of(second.outputs) == ["agent.handoff", "function.call"]
    (weather,) = calls_of(second)
    assert weather.agent_id == two[1].id
    last = append(mistral, started.conversation_id, result(weather.tool_call_id, "grey"))
    assert types_of(last.outputs) == ["agent.handoff", "message.output"]
    assert words_of(last) == "5; grey"


def test_only_the_calls_after_the_last_of_several_handoffs_are_answered(
    mistral: Mistral, standin: StandIn, two: tuple[models.Agent, models.Agent]
) -> None:
    weather = {"call": "get_weather", "arguments": {"city": "Oslo"}}
    script(
        standin,
        one=[[{"call": "roll_dice"}, {"handoff": "two"}], [{"call": "roll_dice"}, {"call": "roll_dice"}]],
        two=[[weather, {"execute": "web_search"}, {"handoff": "one"}]],
    )
    started = mistral.beta.conversations.start(agent_id=two[0].id, inputs="go")
    assert types_of(started.outputs) == [
        "function.call",
        "agent.handoff",
        "function.call",
        "tool.execution",
        "agent.handoff",
        "function.call",
        "function.call",
    ]
    ids = [call.tool_call_id for call in calls_of(started)]
    conversation_id = started.conversation_id
    for early in ids[:2]:
        answers = [result(each, "5") for each in (early, *ids[2:])]
        assert f"Unexpected tool call id {early}" in refused_append(mistral, conversation_id, inputs=answers)
    missing = refused_append(mistral, conversation_id, inputs=[result(ids[2], "5")])
    assert "results are still missing" in missing
    assert ids[3] in missing
    answered = append(mistral, conversation_id, *(result(each, "5") for each in ids[2:]))
    assert words_of(answered).count("returned 5") == 2


def test_a_confirmation_before_a_handoff_is_not_waited_for(
    mistral: Mistral, standin: StandIn, two: tuple[models.Agent, models.Agent]
) -> None:
    script(
        standin,
        one=[[{"execute": "web_search", "confirm": True}, {"handoff": "two"}]],
        two=[[{"text": "done"}]],
    )
    answered = mistral.beta.conversations.start(agent_id=two[0].id, inputs="go")
    (call,) = calls_of(answered)
    assert call.confirmation_status == "pending"
    allow = {"tool_call_id": call.tool_call_id, "confirmation": "allow"}
    refused = refused_append(mistral, answered.conversation_id, inputs=[], tool_confirmations=[allow])
    assert "Unexpected tool call id" in refused
    assert words_of(append_text(mistral, answered.conversation_id)) == "done"


def append_text(mistral: Mistral, conversation_id: str) -> models.ConversationResponse:
    return mistral.beta.conversations.append(conversation_id=conversation_id, inputs="and now?")


def test_without_a_script_each_part_of_a_request_goes_to_the_agent_it_names(mistral: Mistral) -> None:
    weather = mistral.beta.agents.create(
        model=MODEL,
        name="team.weather-desk",
        description="Knows the weather.",
        tools=[function_tool(WEATHER)],
    )
    rates = mistral.beta.agents.create(
        model=MODEL,
        name="team.rates-desk",
        description="Knows interest rates.",
        tools=[function_tool(INTEREST)],
        handoffs=[weather.id],
    )
    mistral.beta.agents.update(agent_id=weather.id, handoffs=[rates.id])
    front = mistral.beta.agents.create(model=MODEL, name="team.front", handoffs=[weather.id, rates.id])
    request = "Ask the rates-desk for the interest rate of the ECB in 2023, then the weather-desk for Oslo"
    started = mistral.beta.conversations.start(agent_id=front.id, inputs=request)
    assert types_of(started.outputs) == ["agent.handoff", "function.call"]
    (rate,) = calls_of(started)
    assert (rate.agent_id, rate.name) == (rates.id, "get_interest_rate")
    second = append(mistral, started.conversation_id, result(rate.tool_call_id, "4.5 %"))
    assert handoffs_of(second) == [("team.rates-desk", "team.weather-desk")]
    (city,) = calls_of(second)
    assert (city.agent_id, city.arguments) == (weather.id, '{"city": "Oslo"}')
    answered = append(mistral, started.conversation_id, result(city.tool_call_id, "grey"))
    assert "4.5 %" in words_of(answered)
    assert "grey" in words_of(answered)
    assert isinstance(answered.outputs[-1], models.MessageOutputEntry)
    assert answered.outputs[-1].agent_id == weather.id


def test_an_agent_does_its_own_part_before_it_asks_a_colleague(mistral: Mistral) -> None:
    weather = create_agent(mistral, "weather-desk", WEATHER)
    dice = mistral.beta.agents.create(
        model=MODEL, name="gambler", tools=[function_tool(DICE)], handoffs=[weather.id]
    )
    started = mistral.beta.conversations.start(
        agent_id=dice.id, inputs="Roll the dice, then ask the weather-desk about the weather in Oslo"
    )
    (call,) = calls_of(started)
    second = append(mistral, started.conversation_id, result(call.tool_call_id, "5"))
    assert handoffs_of(second) == [("gambler", "weather-desk")]


def test_what_an_agent_did_itself_is_not_handed_off(mistral: Mistral) -> None:
    rates = mistral.beta.agents.create(model=MODEL, name="rates-desk", description="Interest rates of banks.")
    front = mistral.beta.agents.create(
        model=MODEL, name="front", tools=[function_tool(INTEREST)], handoffs=[rates.id]
    )
    started = mistral.beta.conversations.start(
        agent_id=front.id, inputs="What was the ECB interest rate in 2023?"
    )
    (call,) = calls_of(started)
    answered = append(mistral, started.conversation_id, result(call.tool_call_id, "4.5 %"))
    assert types_of(answered.outputs) == ["message.output"]


def test_a_colleague_runs_its_tools_of_the_server(mistral: Mistral) -> None:
    calculator = mistral.beta.agents.create(
        model=MODEL,
        name="calculator",
        description="Calculates and computes.",
        tools=[CODE],
    )
    front = mistral.beta.agents.create(model=MODEL, name="front", handoffs=[calculator.id])
    answered = mistral.beta.conversations.start(
        agent_id=front.id, inputs="Ask the calculator to compute 12 * 12"
    )
    assert types_of(answered.outputs) == ["agent.handoff", "tool.execution", "message.output"]
    (execution,) = executions_of(answered)
    assert execution.agent_id == calculator.id
    assert "returned 144" in words_of(answered)


def test_handoffs_without_end_fail_and_leave_nothing(
    mistral: Mistral, standin: StandIn, two: tuple[models.Agent, models.Agent]
) -> None:
    endless = {
        "scripts": [
            {"agent": name, "turns": [{"steps": [{"handoff": other}], "repeat": 100}]}
            for name, other in (("one", "two"), ("two", "one"))
        ]
    }
    standin.set_scenario(Scenario.model_validate(endless))
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.start(agent_id=two[0].id, inputs="go")
    assert refused.value.status_code == 500
    assert standin.conversations() == ()
    assert standin.counters().conversations == {}


def test_a_failed_handoff_can_be_feigned(mistral: Mistral, standin: StandIn) -> None:
    standin.fail("POST", START, failed_handoff())
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.start(model=MODEL, inputs="hi")
    body = refused.value.raw_response.json()
    assert (refused.value.status_code, body["code"]) == (500, "3000")
    assert body["message"] == "Response failed during handoff orchestration"
