"""The conversations API answers the real SDK as Mistral's does."""

import re

import httpx2
import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.control import StandIn
from tests.standin.scenario import Scenario
from tests.unit.standin.samples import (
    DICE,
    INTEREST,
    KEY,
    MODEL,
    QUESTION,
    WEATHER,
    calls_of,
    create_agent,
    function_tool,
    refused_append,
    result,
    text_of,
    types_of,
)


def append(
    mistral: Mistral, conversation_id: str, *results: models.InputEntries
) -> models.ConversationResponse:
    return mistral.beta.conversations.append(conversation_id=conversation_id, inputs=list(results))


def test_a_question_is_answered_by_way_of_a_tool(mistral: Mistral, standin: StandIn) -> None:
    agent = create_agent(mistral)
    started = mistral.beta.conversations.start(agent_id=agent.id, inputs=QUESTION, metadata={"run": "1"})
    assert re.fullmatch(r"conv_[0-9a-f]{32}", started.conversation_id)
    (call,) = calls_of(started)
    assert (call.name, call.arguments) == ("get_interest_rate", '{"bank": "ECB", "year": 2023}')
    assert re.fullmatch(r"fc_[0-9a-f]{32}", call.id or "")
    assert re.fullmatch(r"[A-Za-z0-9]{9}", call.tool_call_id)
    assert (call.agent_id, call.model, call.confirmation_status) == (agent.id, MODEL, None)
    answered = append(mistral, started.conversation_id, result(call.tool_call_id, "4.5%"))
    assert "4.5%" in text_of(answered)
    assert re.fullmatch(r"msg_[0-9a-f]{32}", answered.outputs[-1].id or "")
    usage = answered.usage
    assert usage.total_tokens == (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) > 0
    counted = standin.counters().conversations[started.conversation_id]
    assert (counted.created, counted.appends, counted.turns) == (1, 1, 2)
    assert counted.function_results == {call.tool_call_id: 1}


def test_the_same_texts_cost_the_same(mistral: Mistral) -> None:
    agent = create_agent(mistral)
    usages = [mistral.beta.conversations.start(agent_id=agent.id, inputs=QUESTION).usage for _ in range(2)]
    assert usages[0] == usages[1]


def test_a_conversation_shows_its_entries_and_its_data(mistral: Mistral) -> None:
    agent = create_agent(mistral)
    started = mistral.beta.conversations.start(
        agent_id=agent.id, agent_version=0, inputs=QUESTION, name="n", metadata={"run": "1"}
    )
    conversation_id = started.conversation_id
    append(mistral, conversation_id, result(calls_of(started)[0].tool_call_id, "4.5%"))
    history = mistral.beta.conversations.get_history(conversation_id=conversation_id).entries
    assert types_of(history) == ["message.input", "function.call", "function.result", "message.output"]
    messages = mistral.beta.conversations.get_messages(conversation_id=conversation_id).messages
    assert types_of(messages) == ["message.input", "message.output"]
    shown = mistral.beta.conversations.get(conversation_id=conversation_id)
    assert isinstance(shown, models.AgentConversation)
    assert (shown.agent_id, shown.agent_version, shown.name, shown.metadata) == (
        agent.id,
        0,
        "n",
        {"run": "1"},
    )


def test_a_conversation_without_an_agent_has_a_model_and_tools(mistral: Mistral) -> None:
    started = mistral.beta.conversations.start(
        model=MODEL, inputs="Roll the dice", tools=[function_tool(DICE)]
    )
    assert calls_of(started)[0].name == "roll_dice"
    shown = mistral.beta.conversations.get(conversation_id=started.conversation_id)
    assert isinstance(shown, models.ModelConversation)
    assert shown.model == MODEL


def test_conversations_are_found_by_metadata(mistral: Mistral) -> None:
    for run in ("1", "2"):
        mistral.beta.conversations.start(model=MODEL, inputs="hi", metadata={"run": run, "installation": "a"})
    (found,) = mistral.beta.conversations.list(metadata={"run": "2"})
    assert isinstance(found, models.ModelConversation)
    assert found.metadata == {"run": "2", "installation": "a"}
    assert len(mistral.beta.conversations.list(metadata={"installation": "a"})) == 2
    assert len(mistral.beta.conversations.list()) == 2
    assert len(mistral.beta.conversations.list(metadata=None, page_size=1, page=1)) == 1
    assert mistral.beta.conversations.list(metadata={"run": "3"}) == []


def test_a_deleted_conversation_is_gone(mistral: Mistral, standin: StandIn) -> None:
    started = mistral.beta.conversations.start(model=MODEL, inputs="hi")
    mistral.beta.conversations.delete(conversation_id=started.conversation_id)
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs="hi")
    assert refused.value.status_code == 404
    assert standin.counters().conversations[started.conversation_id].deleted == 1


def test_an_unstored_conversation_cannot_be_continued(mistral: Mistral) -> None:
    started = mistral.beta.conversations.start(model=MODEL, inputs="hi", store=False)
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs="hi")
    assert refused.value.status_code == 404


def test_a_restart_branches_off_at_an_entry(mistral: Mistral) -> None:
    started = mistral.beta.conversations.start(model=MODEL, inputs="hi")
    mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs="again")
    branch = mistral.beta.conversations.restart(
        conversation_id=started.conversation_id, from_entry_id=started.outputs[-1].id or "", inputs="other"
    )
    assert branch.conversation_id != started.conversation_id
    history = mistral.beta.conversations.get_history(conversation_id=branch.conversation_id).entries
    assert [entry.content for entry in history if isinstance(entry, models.MessageInputEntry)] == [
        "hi",
        "other",
    ]


def test_every_pending_call_must_be_answered_and_no_other(mistral: Mistral, standin: StandIn) -> None:
    agent = create_agent(mistral, "both", DICE, WEATHER)
    started = mistral.beta.conversations.start(
        agent_id=agent.id, inputs="The weather in Oslo and roll the dice"
    )
    weather, dice = calls_of(started)
    one, other = result(weather.tool_call_id, "grey"), result(dice.tool_call_id, "5")
    conversation_id = started.conversation_id
    assert f"Unexpected tool call id {'x' * 9}" in refused_append(
        mistral, conversation_id, inputs=[result("x" * 9, "?")]
    )
    missing = refused_append(mistral, conversation_id, inputs=[one])
    assert "results are still missing" in missing
    assert dice.tool_call_id in missing
    assert "Unexpected tool call id" in refused_append(mistral, conversation_id, inputs=[one, other, one])
    assert standin.counters().conversations[conversation_id].function_results == {}
    assert "grey" in text_of(append(mistral, conversation_id, one, other))
    assert "Unexpected tool call id" in refused_append(mistral, conversation_id, inputs=[one, other])
    assert standin.counters().conversations[conversation_id].appends == 1


def test_a_message_cannot_pass_a_pending_call(mistral: Mistral) -> None:
    started = mistral.beta.conversations.start(agent_id=create_agent(mistral).id, inputs=QUESTION)
    with pytest.raises(errors.SDKError, match="results are still missing"):
        mistral.beta.conversations.append(conversation_id=started.conversation_id, inputs="never mind")


def test_calls_before_a_handoff_are_not_answered(mistral: Mistral, standin: StandIn) -> None:
    script = {
        "agent": "front",
        "turns": [{"steps": [{"call": "roll_dice"}, {"handoff": "back"}, {"call": "get_weather"}]}],
    }
    standin.set_scenario(Scenario.model_validate({"scripts": [script]}))
    back = create_agent(mistral, "back", WEATHER)
    front = mistral.beta.agents.create(
        model=MODEL, name="front", tools=[function_tool(DICE)], handoffs=[back.id]
    )
    started = mistral.beta.conversations.start(agent_id=front.id, inputs="go")
    assert types_of(started.outputs) == ["function.call", "agent.handoff", "function.call"]
    before, after = calls_of(started)
    assert (before.agent_id, after.agent_id) == (front.id, back.id)
    both = [result(before.tool_call_id, "5"), result(after.tool_call_id, "grey")]
    message = refused_append(mistral, started.conversation_id, inputs=both)
    assert f"Unexpected tool call id {before.tool_call_id}" in message
    assert "grey" in text_of(append(mistral, started.conversation_id, result(after.tool_call_id, "grey")))


def test_a_request_for_a_colleague_is_handed_off_within_one_answer(mistral: Mistral) -> None:
    rates = create_agent(mistral, "interest-rates", INTEREST)
    front = mistral.beta.agents.create(model=MODEL, name="front", handoffs=[rates.id])
    started = mistral.beta.conversations.start(agent_id=front.id, inputs=QUESTION)
    handoff, call = started.outputs
    assert isinstance(handoff, models.AgentHandoffEntry)
    assert (handoff.previous_agent_id, handoff.next_agent_id) == (front.id, rates.id)
    assert (handoff.id or "").startswith("handoff_")
    assert isinstance(call, models.FunctionCallEntry)
    assert call.agent_id == rates.id
    answered = append(mistral, started.conversation_id, result(call.tool_call_id, "4.5%"))
    assert "4.5%" in text_of(answered)


def test_a_handoff_to_an_agent_that_is_gone_is_500_3000(mistral: Mistral, standin: StandIn) -> None:
    script = {"agent": "front", "turns": [{"steps": [{"handoff": "back"}]}]}
    standin.set_scenario(Scenario.model_validate({"scripts": [script]}))
    back = create_agent(mistral, "back")
    front = mistral.beta.agents.create(model=MODEL, name="front", handoffs=[back.id])
    mistral.beta.agents.delete(agent_id=back.id)
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.start(agent_id=front.id, inputs="go")
    assert refused.value.status_code == 500
    assert refused.value.raw_response.json()["code"] == "3000"
    assert "handoff orchestration" in refused.value.raw_response.json()["message"]


def test_an_unknown_agent_is_404(mistral: Mistral) -> None:
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.conversations.start(agent_id="ag_" + "0" * 32, inputs="hi")
    assert refused.value.status_code == 404


def test_a_conversation_follows_its_pinned_version(mistral: Mistral) -> None:
    agent = create_agent(mistral, "finance", INTEREST)
    mistral.beta.agents.update(agent_id=agent.id, tools=[function_tool(DICE)])
    pinned = mistral.beta.conversations.start(agent_id=agent.id, agent_version=0, inputs=QUESTION)
    assert calls_of(pinned)[0].name == "get_interest_rate"
    latest = mistral.beta.conversations.start(agent_id=agent.id, inputs=QUESTION)
    assert calls_of(latest) == []


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"type": "function.result", "tool_call_id": "a", "result": {"a": 1}}, "string_type"),
        ({"type": "message.input", "role": "user", "content": "hi", "colour": "red"}, "extra_forbidden"),
        ({"type": "agent.reflection", "note": "hm"}, "union_tag_invalid"),
    ],
)
def test_entries_are_of_a_closed_set_of_shapes(standin: StandIn, entry: dict[str, object], kind: str) -> None:
    body = {"model": MODEL, "inputs": [entry]}
    url = f"{standin.url}/v1/conversations"
    response = httpx2.post(url, json=body, headers={"authorization": f"Bearer {KEY}"})
    assert response.status_code == 422
    assert kind in [found["type"] for found in response.json()["detail"]]


def test_a_bare_message_is_taken_for_an_input(standin: StandIn) -> None:
    body = {"model": MODEL, "inputs": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}
    url = f"{standin.url}/v1/conversations"
    response = httpx2.post(url, json=body, headers={"authorization": f"Bearer {KEY}"})
    assert response.status_code == 200
    assert standin.conversations()[0].entries[0].type == "message.input"
