"""A scenario decides what the model does, turn by turn."""

from pathlib import Path

import pytest
from mistralai.client import Mistral, models
from pydantic import ValidationError

from tests.standin.control import StandIn
from tests.standin.scenario import Scenario, load_scenario
from tests.unit.standin.samples import (
    CODE,
    DICE,
    MODEL,
    WEB_SEARCH,
    calls_of,
    create_agent,
    executions_of,
    findings_of,
    result,
    text_of,
    types_of,
    words_of,
)

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


def test_a_script_runs_tools_of_the_server_and_cites_what_it_likes(
    mistral: Mistral, standin: StandIn
) -> None:
    reference = {"tool": "web_search", "title": "A page", "url": "https://example.org/a"}
    file = {"tool": "image_generation", "file_id": "f-1", "file_name": "cat", "file_type": "png"}
    steps = [
        [{"execute": "web_search", "arguments": {"query": "cats"}, "info": {"hits": [1, 2]}}],
        [{"text": "wait"}, {"execute": "code_interpreter", "arguments": {"code": "6 * 7"}}],
        [{"text": "{results}", "references": [reference], "files": [file]}],
    ]
    turns = [{"steps": each, "prompt_tokens": 10, "completion_tokens": 1} for each in steps]
    standin.set_scenario(Scenario.model_validate({"scripts": [{"turns": turns}]}))
    answered = mistral.beta.conversations.start(
        agent_id=create_agent(mistral).id, inputs="anything", tools=[CODE]
    )
    assert types_of(answered.outputs) == [
        "tool.execution",
        "message.output",
        "tool.execution",
        "message.output",
    ]
    search, code = executions_of(answered)
    assert (search.name, search.arguments, search.info) == (
        "web_search",
        '{"query": "cats"}',
        {"hits": [1, 2]},
    )
    assert (code.info or {})["code_output"] == "42\n"
    assert words_of(answered) == '{"hits": [1, 2]}; 42'
    assert findings_of(answered) == [
        models.ToolReferenceChunk.model_validate({**reference, "favicon": None, "description": None}),
        models.ToolFileChunk.model_validate(file),
    ]
    usage = answered.usage
    assert usage.total_tokens == 33 + (usage.connector_tokens or 0)
    assert usage.connectors == {"web_search": 1, "code_interpreter": 1}


def test_a_scripted_call_of_a_tool_of_the_server_runs_there(mistral: Mistral, standin: StandIn) -> None:
    script = {"turns": [{"steps": [{"call": "web_search"}]}]}
    standin.set_scenario(Scenario.model_validate({"scripts": [script]}))
    agent = mistral.beta.agents.create(model=MODEL, name="a", tools=[WEB_SEARCH])
    answered = mistral.beta.conversations.start(agent_id=agent.id, inputs="otters")
    (execution,) = executions_of(answered)
    assert execution.arguments == '{"query": "otters"}'


def test_a_script_can_demand_a_confirmation(mistral: Mistral, standin: StandIn) -> None:
    steps = [[{"execute": "mail", "function": "send", "confirm": True}], [{"text": "said {results}"}]]
    script = {"turns": [{"steps": each} for each in steps]}
    standin.set_scenario(Scenario.model_validate({"scripts": [script]}))
    started = mistral.beta.conversations.start(agent_id=create_agent(mistral).id, inputs="go")
    (call,) = calls_of(started)
    assert (call.name, call.confirmation_status) == ("send", "pending")
    answered = mistral.beta.conversations.append(
        conversation_id=started.conversation_id,
        tool_confirmations=[models.ToolCallConfirmation(tool_call_id=call.tool_call_id, confirmation="deny")],
    )
    assert words_of(answered) == "said "


def test_a_misspelt_scenario_is_refused() -> None:
    with pytest.raises(ValidationError):
        Scenario.model_validate({"scripts": [{"turn": []}]})
