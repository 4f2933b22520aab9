"""A scenario decides what the model does, turn by turn."""

from pathlib import Path

import pytest
from mistralai.client import Mistral
from pydantic import ValidationError

from tests.standin.control import StandIn
from tests.standin.scenario import Scenario, load_scenario
from tests.unit.standin.samples import DICE, calls_of, create_agent, result, text_of

LOOP = """
scripts:
  - agent: looper
    turns:
      - steps: [{call: roll_dice, arguments: {sides: 4}}]
        repeat: 2
        prompt_tokens: 100
        completion_tokens: 10
      - steps: [{text: "I rolled {results}."}]
"""


@pytest.fixture
def loop(tmp_path: Path) -> Scenario:
    path = tmp_path / "loop.yaml"
    path.write_text(LOOP, encoding="utf-8")
    return load_scenario(path)


def test_a_script_calls_a_tool_so_often_and_then_answers(
    mistral: Mistral, standin: StandIn, loop: Scenario
) -> None:
    standin.set_scenario(loop)
    agent = create_agent(mistral, "looper", DICE)
    response = mistral.beta.conversations.start(agent_id=agent.id, inputs="anything")
    for value in ("3", "1"):
        (call,) = calls_of(response)
        assert call.arguments == '{"sides": 4}'
        assert response.usage.total_tokens == 110
        response = mistral.beta.conversations.append(
            conversation_id=response.conversation_id, inputs=[result(call.tool_call_id, value)]
        )
    assert text_of(response) == "I rolled 3; 1."


def test_a_script_begins_anew_with_each_message(mistral: Mistral, standin: StandIn) -> None:
    standin.set_scenario(
        Scenario.model_validate({"scripts": [{"turns": [{"steps": [{"text": "heard: {input}"}]}]}]})
    )
    started = mistral.beta.conversations.start(agent_id=create_agent(mistral).id, inputs="one")
    assert text_of(started) == "heard: one"
    appended = mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs="two")
    assert text_of(appended) == "heard: two"


def test_other_agents_and_requests_are_left_to_the_model(
    mistral: Mistral, standin: StandIn, loop: Scenario
) -> None:
    standin.set_scenario(loop)
    agent = create_agent(mistral, "other", DICE)
    assert calls_of(mistral.beta.conversations.start(agent_id=agent.id, inputs="Hello")) == []


def test_after_the_last_turn_of_a_script_the_model_only_answers(mistral: Mistral, standin: StandIn) -> None:
    once = {
        "scripts": [{"input": "dice", "turns": [{"steps": [{"call": "roll_dice"}, {"call": "roll_dice"}]}]}]
    }
    standin.set_scenario(Scenario.model_validate(once))
    agent = create_agent(mistral, "roller", DICE)
    response = mistral.beta.conversations.start(agent_id=agent.id, inputs="dice with sides=8, twice")
    assert [call.arguments for call in calls_of(response)] == ['{"sides": 8}', '{"sides": 8}']
    answer = mistral.beta.conversations.append(
        conversation_id=response.conversation_id,
        inputs=[result(call.tool_call_id, "7") for call in calls_of(response)],
    )
    assert "7" in text_of(answer)


def test_a_misspelt_scenario_is_refused() -> None:
    with pytest.raises(ValidationError):
        Scenario.model_validate({"scripts": [{"turn": []}]})
