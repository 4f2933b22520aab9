"""A call that needs a confirmation waits for it, runs when it is allowed, and does not when it is denied."""

import secrets
from typing import Any, Literal

import httpx2
import pytest
from mistralai.client import Mistral, models

from tests.standin.control import APPEND, StandIn
from tests.standin.faults import LoseResponse
from tests.standin.world import Connector, ConnectorFunction
from tests.unit.standin.samples import (
    DICE,
    MODEL,
    calls_of,
    executions_of,
    function_tool,
    refused_append,
    result,
    types_of,
    words_of,
)

SEARCH = models.WebSearchTool(
    tool_configuration=models.ToolConfiguration(requires_confirmation=["web_search"])
)


@pytest.fixture
def token() -> str:
    return secrets.token_hex(6)


def start(mistral: Mistral, text: str, *tools: Any) -> models.ConversationResponse:
    agent = mistral.beta.agents.create(model=MODEL, name="a", tools=list(tools))
    return mistral.beta.conversations.start(agent_id=agent.id, inputs=text)


def decide(
    mistral: Mistral,
    asked: models.ConversationResponse,
    confirmation: Literal["allow", "deny"],
    *results: models.InputEntries,
) -> models.ConversationResponse:
    """Confirm every call that waits for it, and answer the others."""
    waiting = [call for call in calls_of(asked) if call.confirmation_status == "pending"]
    return mistral.beta.conversations.append(
        conversation_id=asked.conversation_id,
        inputs=list(results),
        tool_confirmations=[
            models.ToolCallConfirmation(tool_call_id=call.tool_call_id, confirmation=confirmation)
            for call in waiting
        ],
    )


def status_in_history(mistral: Mistral, conversation_id: str) -> list[object]:
    entries = mistral.beta.conversations.get_history(conversation_id=conversation_id).entries
    return [entry.confirmation_status for entry in entries if isinstance(entry, models.FunctionCallEntry)]


def test_a_call_that_needs_a_confirmation_is_not_run(mistral: Mistral, standin: StandIn, token: str) -> None:
    asked = start(mistral, f"Search the web for {token}", SEARCH)
    (call,) = calls_of(asked)
    assert (call.name, call.confirmation_status) == ("web_search", "pending")
    assert token in str(call.arguments)
    assert types_of(asked.outputs) == ["function.call"]
    assert standin.counters().executions == 0


def test_an_allowed_call_runs_and_is_answered(mistral: Mistral, standin: StandIn, token: str) -> None:
    asked = start(mistral, f"Search the web for {token}", SEARCH)
    answered = decide(mistral, asked, "allow")
    assert types_of(answered.outputs) == ["tool.execution", "message.output"]
    assert token in words_of(answered)
    assert answered.usage.connectors == {"web_search": 1}
    assert status_in_history(mistral, asked.conversation_id) == ["allowed"]
    counted = standin.counters().conversations[asked.conversation_id]
    assert counted.confirmations == {calls_of(asked)[0].tool_call_id: 1}
    assert counted.executions == {"web_search": 1}


def test_a_denied_call_does_not_run_and_the_model_says_so(
    mistral: Mistral, standin: StandIn, token: str
) -> None:
    asked = start(mistral, f"Search the web for {token}", SEARCH)
    answered = decide(mistral, asked, "deny")
    assert types_of(answered.outputs) == ["message.output"]
    assert "I was not allowed to call web_search(" in words_of(answered)
    assert answered.usage.connectors is None
    assert status_in_history(mistral, asked.conversation_id) == ["denied"]
    assert (standin.counters().confirmations, standin.counters().executions) == (1, 0)


def test_confirmations_go_along_with_the_results_of_other_calls(mistral: Mistral, token: str) -> None:
    asked = start(mistral, f"Search the web for {token} and roll the dice", SEARCH, function_tool(DICE))
    search, dice = calls_of(asked)
    assert (search.confirmation_status, dice.confirmation_status) == ("pending", None)
    answered = decide(mistral, asked, "deny", result(dice.tool_call_id, "5"))
    assert "returned 5" in words_of(answered)
    assert "not allowed to call web_search" in words_of(answered)


def test_every_waiting_call_must_be_decided_in_its_own_way(
    mistral: Mistral, standin: StandIn, token: str
) -> None:
    asked = start(mistral, f"Search the web for {token} and roll the dice", SEARCH, function_tool(DICE))
    search, dice = (call.tool_call_id for call in calls_of(asked))
    number = asked.conversation_id
    five, deny = result(dice, "5"), {"tool_call_id": search, "confirmation": "deny"}
    missing = "results are still missing"
    assert missing in refused_append(mistral, number, inputs=[five])
    assert missing in refused_append(mistral, number, inputs=[], tool_confirmations=[deny])
    assert missing in refused_append(mistral, number, inputs="never mind")
    unexpected = f"Unexpected tool call id {search}"
    assert unexpected in refused_append(mistral, number, inputs=[result(search, "42"), five])
    assert unexpected in refused_append(mistral, number, inputs=[five], tool_confirmations=[deny, deny])
    other = {"tool_call_id": dice, "confirmation": "allow"}
    refused = refused_append(mistral, number, inputs=[], tool_confirmations=[deny, other])
    assert f"Unexpected tool call id {dice}" in refused
    assert standin.counters().appends == 0
    assert status_in_history(mistral, number) == ["pending", None]
    decide(mistral, asked, "deny", five)
    assert unexpected in refused_append(mistral, number, inputs=[], tool_confirmations=[deny])


def test_an_append_that_was_lost_shows_its_decision_in_the_history(
    mistral: Mistral, standin: StandIn, token: str
) -> None:
    asked = start(mistral, f"Search the web for {token}", SEARCH)
    standin.fail("POST", APPEND, LoseResponse())
    with pytest.raises(httpx2.TransportError):
        decide(mistral, asked, "deny")
    assert status_in_history(mistral, asked.conversation_id) == ["denied"]
    assert standin.counters().confirmations == 1


def test_a_connector_can_demand_a_confirmation_that_the_agent_does_not_ask_for(
    mistral: Mistral, standin: StandIn, token: str
) -> None:
    functions = (
        ConnectorFunction(name="mail_search", description="Search mail.", result=f"one from {token}"),
        ConnectorFunction(name="mail_send", description="Send mail."),
    )
    standin.add_connector(Connector(id="mail", functions=functions, requires_confirmation=("mail_search",)))
    asked = start(mistral, "Use mail_search for Ann", {"type": "connector", "connector_id": "mail"})
    (call,) = calls_of(asked)
    assert (call.name, call.confirmation_status) == ("mail_search", "pending")
    answered = decide(mistral, asked, "allow")
    (execution,) = executions_of(answered)
    assert execution.name == "mail"
    assert token in words_of(answered)
    free = start(mistral, "Use mail_send for Ann", {"type": "connector", "connector_id": "mail"})
    assert len(executions_of(free)) == 1


def test_only_the_functions_that_are_named_wait(mistral: Mistral, token: str) -> None:
    tool = {"type": "web_search_premium", "tool_configuration": {"requires_confirmation": ["news_search"]}}
    assert calls_of(start(mistral, f"Search the web for {token}", tool)) == []
    (call,) = calls_of(start(mistral, f"Search the news for {token}", tool))
    assert (call.name, call.confirmation_status) == ("news_search", "pending")


def test_a_confirmation_is_streamed_as_a_pending_call(mistral: Mistral, token: str) -> None:
    agent = mistral.beta.agents.create(model=MODEL, name="a", tools=[SEARCH])
    with mistral.beta.conversations.start_stream(
        agent_id=agent.id, inputs=f"Search the web for {token}"
    ) as stream:
        calls = [event.data for event in stream if isinstance(event.data, models.FunctionCallEvent)]
    assert {call.confirmation_status for call in calls} == {"pending"}
