"""The tools that agents have of MCP servers and of the provider, as they come and go."""

from dataclasses import replace

from pydantic import JsonValue

from agents_crds.v1alpha1 import Agent
from tests.component.platform import Platform
from tests.component.tenant import Tenant
from tests.component.tool_servers import NewServer, ToolServer
from tests.standin.tools import FunctionTool
from tests.user import condition, eventually, stays

# Longer than the interval at which the operator compares.
LONG_ENOUGH = 6.0


def of(server: ToolServer, **selection: JsonValue) -> JsonValue:
    return {"mcp": {"serverRef": {"name": server.name}, **selection}}


def sent(tenant: Tenant) -> list[str]:
    """Name the tools of the one remote agent: functions by name, others by type."""
    (remote,) = tenant.remote_agents()
    return [
        tool.function.name if isinstance(tool, FunctionTool) else tool.type for tool in remote.current.tools
    ]


def updated(platform: Platform, tenant: Tenant) -> int:
    (remote,) = tenant.remote_agents()
    return platform.standin.counters().agents[remote.id].updated


def reason(tenant: Tenant, type_: str) -> str:
    return condition(tenant.get(Agent, "reader"), type_).reason


def test_tool_that_a_server_adds_updates_the_agent_once(
    platform: Platform, tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps")
    server.start()
    tenant.apply(server.manifest(interval="1s"))
    tenant.ready_agent("reader", tools=[{"function": {"name": "read_meter"}}, of(server)])
    assert sent(tenant) == ["read_meter", f"{server.name}_echo"]
    server.add_tool("sing")
    eventually(lambda: sent(tenant)[2:], lambda more: more == [f"{server.name}_sing"])
    for seen in stays(lambda: updated(platform, tenant), seconds=LONG_ENOUGH):
        assert seen == 1
    assert tenant.events("Agent/reader") == ()


def test_agent_waits_for_its_server_and_then_serves_on_whatever_becomes_of_it(
    platform: Platform, tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps")
    tenant.apply_agent("reader", tools=[of(server)])
    eventually(lambda: reason(tenant, "Ready"), lambda seen: seen == "MCPServerNotFound")
    tenant.apply(server.manifest(interval="1s"))
    eventually(lambda: reason(tenant, "Ready"), lambda seen: seen == "MCPServerNotReady")
    server.start()
    tenant.wait("agent/reader", "Ready")
    server.kill()
    tenant.wait("agent/reader", "Degraded")
    assert reason(tenant, "Degraded") == "MCPServerNotReady"
    assert condition(tenant.get(Agent, "reader"), "Ready").status == "True"
    server.start()
    tenant.wait("agent/reader", "Degraded=false")
    assert sent(tenant) == [f"{server.name}_echo"]
    assert updated(platform, tenant) == 0


def test_tool_that_is_asked_for_by_name_and_goes_is_done_without(
    platform: Platform, tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps", "--tools", "2")
    server.start()
    tenant.apply(server.manifest(interval="1s"))
    tenant.ready_agent("reader", tools=[of(server, include=["echo", "echo-1"])])
    server.kill()
    replace(server, flags=()).start()
    eventually(lambda: sent(tenant), lambda names: names == [f"{server.name}_echo"])
    eventually(lambda: reason(tenant, "Degraded"), lambda seen: seen == "ToolNotFound")
    assert condition(tenant.get(Agent, "reader"), "Ready").status == "True"
    assert updated(platform, tenant) == 1


def test_more_tools_than_an_agent_can_have_are_counted_and_can_be_chosen_from(
    tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("large", "--tools", "130")
    server.start()
    tenant.apply(server.manifest())
    tenant.apply_agent("reader", tools=[of(server)])
    eventually(lambda: reason(tenant, "Accepted"), lambda seen: seen == "TooManyTools")
    assert "130" in condition(tenant.get(Agent, "reader"), "Accepted").message
    assert tenant.remote_agents() == ()
    tenant.ready_agent("reader", tools=[of(server, exclude=["echo-1", "echo-2"])])
    assert len(sent(tenant)) == 128


def test_tools_that_the_provider_runs_are_sent_and_stay_as_they_are(
    platform: Platform, tenant: Tenant
) -> None:
    builtins = ["web_search", "web_search_premium", "code_interpreter", "image_generation"]
    tools: list[JsonValue] = [{"builtin": {"type": type_}} for type_ in builtins]
    tools.append({"documentLibrary": {"ids": ["lib-1"]}})
    tools.append({"connector": {"id": "mail", "include": ["search"]}})
    tenant.ready_agent("reader", tools=tools)
    assert sent(tenant) == [*builtins, "document_library", "connector"]
    for seen in stays(lambda: updated(platform, tenant), seconds=LONG_ENOUGH):
        assert seen == 0
    assert tenant.events("Agent/reader") == ()
