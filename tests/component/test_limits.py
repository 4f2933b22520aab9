"""Limits and output schemas, from the manifest to the status."""

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from agents_crds.contract import CONTRACT
from agents_crds.v1alpha1 import AgentRun, WorkerPool
from tests.component.platform import Platform
from tests.component.tenant import METER, Tenant
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.user import condition, eventually

READING: JsonValue = {
    "type": "object",
    "properties": {"reading": {"type": "string"}, "note": {"type": "null"}},
    "required": ["reading", "note"],
    "additionalProperties": False,
}
LOOK = ScriptedCall(call="read_meter", arguments={"meter": "north-7"})


@pytest.fixture
def standin(platform: Platform) -> Iterator[Platform]:
    """The platform, whose model nobody directs after the test."""
    yield platform
    platform.standin.set_scenario(Scenario())


def script(tenant: Tenant, agent: str, *turns: ScriptedTurn) -> Script:
    return Script(agent=f"{tenant.namespace}.{agent}", turns=turns)


def test_schema_that_is_none_is_said_and_can_be_put_right(tenant: Tenant) -> None:
    tenant.apply_agent("reader", outputSchema={"type": "object", "properties": {"n": {"type": "decimal"}}})
    tenant.wait("agent/reader", "Accepted=false")
    assert "OutputSchemaInvalid" in tenant.kubectl("get", "agent", "reader")
    assert tenant.remote_agents() == ()
    tenant.apply_agent("reader", outputSchema=READING)
    tenant.wait("agent/reader", "Ready")
    assert tenant.get(WorkerPool, "default").status.contract == CONTRACT


def test_answer_that_does_not_fit_is_corrected(standin: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader", outputSchema=READING)
    wrong = ScriptedTurn(steps=(ScriptedText(text="It reads {results}."),))
    asked = script(tenant, "reader", ScriptedTurn(steps=(LOOK,)), wrong)
    standin.standin.set_scenario(Scenario(scripts=(asked,)))
    run = tenant.finished_run("reading", "reader")
    (call,) = tenant.tool_calls()
    assert run.status.output is not None
    assert run.status.output.value == {"reading": call.value, "note": None}
    assert run.status.turns == 3
    (conversation,) = tenant.conversations()
    counts = standin.standin.counters().conversations[conversation.id]
    assert (counts.created, counts.appends) == (1, 2)


def test_run_that_a_limit_ends_says_which(standin: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("chatter", outputSchema=READING, limits={"outputRetries": 1})
    tenant.ready_agent("circler", limits={"maxTurns": 30})
    tenant.ready_agent("spender")
    chat = ScriptedTurn(steps=(ScriptedText(text="No idea."),), repeat=9)
    circle = ScriptedTurn(steps=(ScriptedText(text="Again."), ScriptedCall(call="nothing")), repeat=30)
    spend = ScriptedTurn(
        steps=(ScriptedText(text="Look."), LOOK), repeat=9, prompt_tokens=40, completion_tokens=20
    )
    scripts = (
        script(tenant, "chatter", chat),
        script(tenant, "circler", circle),
        script(tenant, "spender", spend),
    )
    standin.standin.set_scenario(Scenario(scripts=scripts))
    for agent in ("chatter", "circler"):
        tenant.apply_run(agent, agent, METER)
    tenant.apply_run("spender", "spender", METER, limits={"maxTotalTokens": 100})
    assert ended(tenant, "chatter") == ("OutputInvalid", 2, "No idea.")
    assert ended(tenant, "circler") == ("StuckInLoop", 5, "\n\n".join(["Again."] * 5))
    assert ended(tenant, "spender") == ("BudgetExceeded", 2, "Look.\n\nLook.")
    assert "limits.maxTotalTokens is 100" in condition(tenant.get(AgentRun, "spender"), "Succeeded").message


def ended(tenant: Tenant, name: str) -> tuple[str, int | None, str]:
    """Wait for the end of a run; return its reason, turns and text."""
    run = eventually(lambda: tenant.get(AgentRun, name), lambda found: found.status.finished is True)
    outcome = condition(run, "Succeeded")
    assert outcome.status == "False"
    return outcome.reason, run.status.turns, run.status.output.text if run.status.output else ""
