"""System prompts that come from ConfigMaps and MCP servers, and follow them."""

from dataclasses import replace

from pydantic import JsonValue

from agents_crds.v1alpha1 import Agent
from tests.component.tenant import Tenant
from tests.component.tool_servers import NewServer, ToolServer
from tests.user import condition, eventually, stays

FROM_MAP: JsonValue = {"configMapKeyRef": {"name": "prompts", "key": "support"}}
# Longer than the interval at which the operator compares.
LONG_ENOUGH = 6.0


def set_text(tenant: Tenant, text: str) -> None:
    tenant.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "prompts"},
            "data": {"support": text},
        }
    )


def apply_agent(tenant: Tenant, source: JsonValue) -> None:
    tenant.apply_agent("reader", instructions=None, instructionsFrom=source)


def sent(tenant: Tenant) -> list[str | None]:
    """Return the instructions of each version of the one remote agent."""
    return [
        version.definition.instructions for remote in tenant.remote_agents() for version in remote.versions
    ]


def prompt_of(server: ToolServer, name: str = "guide") -> JsonValue:
    return {"mcpPrompt": {"serverRef": {"name": server.name}, "name": name, "arguments": {"city": "Bern"}}}


def test_changed_text_of_a_configmap_makes_one_version(tenant: Tenant) -> None:
    set_text(tenant, "Be kind.")
    apply_agent(tenant, FROM_MAP)
    tenant.wait("agent/reader", "Ready")
    set_text(tenant, "Be brief.")
    eventually(lambda: sent(tenant), lambda seen: seen == ["Be kind.", "Be brief."])
    for seen in stays(lambda: sent(tenant), seconds=LONG_ENOUGH):
        assert len(seen) == 2
    tenant.finished_run("reading", "reader")


def test_text_that_is_not_there_is_waited_for_and_missed_when_it_goes(tenant: Tenant) -> None:
    apply_agent(tenant, FROM_MAP)
    eventually(lambda: reason(tenant, "ResolvedRefs"), lambda seen: seen == "ConfigMapNotFound")
    assert tenant.remote_agents() == ()
    set_text(tenant, "Be kind.")
    tenant.wait("agent/reader", "Ready")
    tenant.delete("configmap/prompts")
    tenant.wait("agent/reader", "Degraded")
    assert reason(tenant, "Degraded") == "ConfigMapNotFound"
    assert reason(tenant, "Ready") == "Synced"
    tenant.finished_run("reading", "reader")
    told = {event.reason for event in tenant.events("Agent/reader")}
    assert told == {"ConfigMapNotFound"}
    set_text(tenant, "Be kind.")
    tenant.wait("agent/reader", "Degraded=false")
    assert sent(tenant) == ["Be kind."]


def test_changed_prompt_of_a_server_makes_one_version(tenant: Tenant, new_server: NewServer) -> None:
    server = new_server("maps")
    server.start()
    tenant.apply(server.manifest(interval="1s"))
    apply_agent(tenant, prompt_of(server))
    tenant.wait("agent/reader", "Ready")
    assert sent(tenant) == ["You are a guide of Bern."]
    server.kill()
    tenant.wait("agent/reader", "Degraded")
    assert reason(tenant, "Degraded") == "MCPServerNotReady"
    replace(server, flags=("--guide", "Show {city} to people.")).start()
    eventually(lambda: sent(tenant)[1:], lambda seen: seen == ["Show Bern to people."])
    tenant.wait("agent/reader", "Degraded=false")
    for seen in stays(lambda: sent(tenant), seconds=LONG_ENOUGH):
        assert len(seen) == 2


def test_prompt_that_a_server_does_not_have_is_said(tenant: Tenant, new_server: NewServer) -> None:
    server = new_server("maps")
    server.start()
    tenant.apply(server.manifest())
    apply_agent(tenant, prompt_of(server, "gide"))
    eventually(lambda: reason(tenant, "ResolvedRefs"), lambda seen: seen == "PromptNotFound")
    apply_agent(tenant, prompt_of(server))
    tenant.wait("agent/reader", "Ready")


def reason(tenant: Tenant, type_: str) -> str:
    return condition(tenant.get(Agent, "reader"), type_).reason
