"""MCPServers: what they offer is listed by the workers of their pool, whatever becomes of the servers."""

import json
import time

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import Condition, MCPServer
from tests.component.platform import Platform
from tests.component.tenant import Tenant
from tests.component.tool_servers import COMMAND, NewServer, ToolServer, stdio_manifest
from tests.user import condition, eventually, stays

WRONG = "wrong-token-8c1f2b7704"
RIGHT = "right-token-51d90ae3c6"


@pytest.mark.parametrize("transport", ["streamableHttp", "sse"])
def test_server_is_listed_with_its_tools_and_prompts(
    transport: str, tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps")
    server.start()
    tenant.apply(server.manifest(transport=transport))
    tenant.wait(f"mcpserver/{server.name}", "Ready")
    status = tenant.get(MCPServer, server.name).status
    assert [tool.name for tool in status.tools] == ["echo"]
    assert status.tools[0].input_schema["required"] == ["text"]
    assert [(prompt.name, prompt.arguments[0].name) for prompt in status.prompts] == [("guide", "city")]
    assert status.server is not None
    assert (status.server.name, status.server.version) == ("toolbox", "1.0")
    header, line = tenant.kubectl("get", "mcp").splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "TOOLS", "PROMPTS", "REFRESHED", "AGE"]
    assert line.split()[:5] == [server.name, "True", "Available", "1", "1"]


def test_server_that_comes_goes_and_comes_again_is_ready_by_itself(
    tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps")
    tenant.apply(server.manifest(interval="1s"))
    assert ready(tenant, server, "ServerUnreachable").status == "False"
    assert tenant.get(MCPServer, server.name).status.refresh_time is None
    server.start()
    ready(tenant, server, "Available")
    server.kill()
    gone = ready(tenant, server, "ServerUnreachable")
    assert gone.message.endswith("what it listed before is kept")
    status = tenant.get(MCPServer, server.name).status
    assert ([tool.name for tool in status.tools], status.tool_count) == (["echo"], 1)
    assert status.refresh_time is not None
    assert "ServerUnreachable" in {event.reason for event in tenant.events(f"MCPServer/{server.name}")}
    server.start()
    ready(tenant, server, "Available")


@pytest.mark.parametrize("transport", ["streamableHttp", "sse"])
def test_tool_that_a_server_tells_of_is_listed_long_before_the_interval(
    transport: str, tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps")
    server.start()
    tenant.apply(server.manifest(transport=transport, interval="1h"))
    ready(tenant, server, "Available")
    server.add_tool("sing")
    eventually(lambda: tools(tenant, server), lambda seen: seen == ["echo", "sing"])


def test_refused_token_is_said_so_and_seen_nowhere(
    platform: Platform, tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps", "--token", RIGHT)
    server.start()
    tenant.apply(server.manifest(bearerTokenSecretRef={"name": "maps", "key": "token"}))
    missing = ready(tenant, server, "SecretNotFound")
    assert "maps" in missing.message
    set_token(tenant, WRONG)
    ready(tenant, server, "ServerUnauthorized")
    set_token(tenant, RIGHT)
    ready(tenant, server, "Available")
    seen = tenant.kubectl("get", "mcpservers,deployments,events", "--output=yaml").encode()
    assert b"ServerUnauthorized" in seen
    for token in (WRONG, RIGHT):
        assert token.encode() not in seen + platform.histories(tenant.namespace)


def test_command_runs_once_the_pool_allows_it(tenant: Tenant) -> None:
    tenant.apply(stdio_manifest("maps", "--tools", "2"))
    refused = named(tenant, "maps", "CommandNotAllowed")
    assert "spec.stdio.allowedCommands of the WorkerPool" in refused.message
    allow(tenant, COMMAND)
    named(tenant, "maps", "Available")
    assert tenant.get(MCPServer, "maps").status.tool_count == 2
    allow(tenant)
    named(tenant, "maps", "CommandNotAllowed")


def test_server_that_hangs_keeps_nobody_waiting(tenant: Tenant, new_server: NewServer) -> None:
    slow, quick = new_server("slow"), new_server("quick")
    slow.start()
    quick.start()
    tenant.wait("workerpool/default", "Ready")
    with slow.held():
        tenant.apply(slow.manifest(connectTimeout="15s"))
        began = time.monotonic()
        tenant.apply(quick.manifest())
        tenant.ready_agent("reader")
        ready(tenant, quick, "Available")
        assert time.monotonic() - began < 15
        assert condition(tenant.get(MCPServer, slow.name), "Ready").reason == "Pending"
        assert ready(tenant, slow, "ServerTimedOut").status == "False"
    ready(tenant, slow, "Available")


def test_large_list_is_listed_whole_and_written_once(tenant: Tenant, new_server: NewServer) -> None:
    server = new_server("large", "--tools", "130")
    server.start()
    tenant.apply(server.manifest())
    ready(tenant, server, "Available")
    assert tenant.get(MCPServer, server.name).status.tool_count == 130
    versions = {
        tenant.get(MCPServer, server.name).metadata.resource_version for _ in stays(lambda: None, seconds=3)
    }
    assert len(versions) == 1


def test_list_holds_while_the_pool_has_no_workers(tenant: Tenant, new_server: NewServer) -> None:
    early, late = new_server("early"), new_server("late")
    early.start()
    tenant.apply(early.manifest(interval="1s"))
    ready(tenant, early, "Available")
    change_pool(tenant, {"replicas": 0})
    early.kill()
    tenant.apply(late.manifest())
    assert "set its spec.replicas to 1" in ready(tenant, late, "WorkerPoolNotReady").message
    for seen in stays(lambda: tenant.get(MCPServer, early.name), seconds=3):
        assert condition(seen, "Ready").status == "True"
        assert [tool.name for tool in seen.status.tools] == ["echo"]


def ready(tenant: Tenant, server: ToolServer, reason: str) -> Condition:
    """Wait until Ready has that reason."""
    return named(tenant, server.name, reason)


def named(tenant: Tenant, server: str, reason: str) -> Condition:
    return eventually(
        lambda: condition(tenant.get(MCPServer, server), "Ready"),
        lambda seen: seen.reason == reason,
        timeout=60,
    )


def tools(tenant: Tenant, server: ToolServer) -> list[str]:
    return [tool.name for tool in tenant.get(MCPServer, server.name).status.tools]


def set_token(tenant: Tenant, token: str) -> None:
    secret: dict[str, JsonValue] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "maps"},
        "stringData": {"token": token},
    }
    tenant.apply(secret)


def allow(tenant: Tenant, *commands: str) -> None:
    """Let the pool's workers start these commands, and no others."""
    change_pool(tenant, {"stdio": {"allowedCommands": list(commands)}})


def change_pool(tenant: Tenant, spec: JsonValue) -> None:
    change = json.dumps({"spec": spec})
    tenant.kubectl("patch", "workerpool", "default", "--type=merge", f"--patch={change}")
