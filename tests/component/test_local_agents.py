"""Agents whose session is Local, as their users see them."""

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import Agent, AgentRun, ModelProvider
from tests.component.platform import Platform
from tests.component.tenant import Tenant
from tests.user import condition, eventually, manifest

KEY: JsonValue = {"name": "mistral", "key": "api-key"}
OWN: JsonValue = {"name": "own"}


def chat_provider(tenant: Tenant, **spec: JsonValue) -> None:
    """Make a ModelProvider that speaks chat completions only."""
    url = f"{tenant.platform.standin_url}/openai/v1"
    base: dict[str, JsonValue] = {"protocol": "ChatCompletions", "url": url, "apiKeySecretRef": KEY}
    tenant.apply(manifest("ModelProvider", "own", {**base, **spec}))


def row(tenant: Tenant, *arguments: str) -> list[str]:
    """Return the one row of a table of kubectl's."""
    (found,) = tenant.kubectl("get", *arguments, "--no-headers").splitlines()
    return found.split()


def test_agent_is_ready_without_anything_at_the_provider(tenant: Tenant) -> None:
    agent = tenant.ready_agent("reader", session="Local")
    assert agent.status.remote is None
    assert tenant.remote_agents() == ()
    assert row(tenant, "agent", "reader")[:5] == [
        "reader",
        "mistral-medium-latest",
        "True",
        "Synced",
        "False",
    ]
    assert "Local" in row(tenant, "agent", "reader", "--output=wide")
    tenant.kubectl("delete", "agent", "reader", "--timeout=10s")


def test_provider_of_chat_completions_serves_local_agents_alone(tenant: Tenant) -> None:
    chat_provider(tenant)
    tenant.wait("modelprovider/own", "Ready")
    tenant.apply_agent("reader", providerRef=OWN)
    agent = eventually(
        lambda: tenant.get(Agent, "reader"), lambda agent: condition(agent, "Ready").status == "False"
    )
    refused = condition(agent, "ResolvedRefs")
    assert (refused.status, refused.reason) == ("False", "SessionNotPossible")
    assert "set spec.session to Local" in refused.message
    tenant.ready_agent("reader", providerRef=OWN, session="Local")


def test_provider_that_needs_a_key_and_has_none_says_so(tenant: Tenant) -> None:
    chat_provider(tenant, apiKeySecretRef=None)
    provider = eventually(
        lambda: tenant.get(ModelProvider, "own"), lambda own: condition(own, "Ready").status == "False"
    )
    assert condition(provider, "Ready").reason == "ProviderUnauthorized"
    assert "set spec.apiKeySecretRef" in condition(provider, "Ready").message


@pytest.mark.parametrize("provider", ["default", "own"])
def test_run_calls_tools_and_answers(tenant: Tenant, provider: str) -> None:
    chat_provider(tenant)
    tenant.ready_agent("reader", session="Local", providerRef={"name": provider})
    run = tenant.finished_run("reading", "reader")
    (call,) = tenant.tool_calls()
    assert run.status.output is not None
    assert call.value in (run.status.output.text or "")
    assert run.status.turns == 2
    assert run.status.usage is not None
    assert run.status.conversation_id is None


def test_run_hands_off_between_local_agents(tenant: Tenant) -> None:
    to: JsonValue = [{"agentRef": {"name": "reader"}}]
    tenant.apply_agent("desk", session="Local", tools=[], handoffs=to)
    tenant.apply_agent("reader", session="Local", description="Reads meters.")
    for name in ("desk", "reader"):
        tenant.wait(f"agent/{name}", "Ready")
    run = tenant.finished_run("reading", "desk", "Please hand off to 'reader'.")
    assert run.status.path == ("desk", "reader")
    assert [part.name for part in run.status.agents] == ["desk", "reader"]


def test_session_changes_to_and_fro_and_leaves_nothing_behind(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    (first,) = tenant.remote_agents()
    tenant.apply_agent("reader", session="Local")
    eventually(tenant.remote_agents, lambda found: found == ())
    tenant.wait("agent/reader", "Ready")
    tenant.finished_run("local", "reader")
    tenant.apply_agent("reader", session="Remote")
    (remote,) = eventually(tenant.remote_agents, lambda found: len(found) == 1)
    assert remote.id != first.id
    tenant.wait("agent/reader", "Ready")
    assert tenant.finished_run("remote", "reader").status.conversation_id is not None
    tenant.delete("agent/reader")
    assert tenant.remote_agents() == ()
    assert platform.standin.counters().agents[first.id].deleted == 1


def test_builtin_tools_are_dropped_with_a_warning_and_the_run_goes_on(tenant: Tenant) -> None:
    tools: JsonValue = [{"builtin": {"type": "web_search"}}, {"function": {"name": "read_meter"}}]
    tenant.ready_agent("reader", session="Local", tools=tools)
    degraded = condition(tenant.get(Agent, "reader"), "Degraded")
    assert (degraded.status, degraded.reason) == ("True", "ToolsDropped")
    assert "spec.tools[0] (web_search) is left out" in degraded.message
    assert [event.reason for event in tenant.events("Agent/reader")] == ["ToolsDropped"]
    tenant.finished_run("reading", "reader")
    assert len(tenant.tool_calls()) == 1


def test_deleted_agent_leaves_its_run_going(tenant: Tenant) -> None:
    tenant.ready_agent("payer", session="Local", tools=[{"function": {"name": "transfer_money"}}])
    tenant.tool_gate.touch()
    tenant.apply_run("paying", "payer", "Please transfer money '7'.")
    eventually(tenant.tool_calls, lambda calls: len(calls) == 1)
    tenant.kubectl("delete", "agent", "payer", "--timeout=10s")
    tenant.tool_gate.unlink()
    tenant.wait("agentrun/paying", "Succeeded")
    assert tenant.get(AgentRun, "paying").status.output is not None
