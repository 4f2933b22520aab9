"""The smallest things that need a right on MCPServers."""

from agents_crds.v1alpha1 import MCPServer
from tests.component.tool_servers import ToolServer
from tests.permissions.scenarios import Stage, Told, failures, is_ready, was_looked_at
from tests.user import Manifest, eventually, manifest


def server_says_what_it_waits_for(stage: Stage, name: str) -> Told:
    http: Manifest = {"url": "http://nowhere/mcp"}
    nobody: Manifest = {"streamableHttp": http, "workerPoolRef": {"name": "nobody"}}
    called = server_name(name)
    stage.tenant.apply(manifest("MCPServer", called, nobody))
    return lambda: was_looked_at(stage.tenant.get(MCPServer, called))


def server_edited_while_it_is_listed_is_read_anew(stage: Stage, name: str) -> Told:
    tenant = stage.tenant
    server = ToolServer(server_name(name), stage.operator.processes)
    fails = failures(stage, f"mcpserver {tenant.namespace}/{server.name}")
    server.start()
    with server.held():
        tenant.apply(server.manifest(connectTimeout="30s"))
        eventually(server.is_asked, bool)
        tenant.kubectl("label", f"mcpserver/{server.name}", "touched=yes")
    return lambda: is_ready(tenant.get(MCPServer, server.name)) and not fails()


def server_name(name: str) -> str:
    """Make a name that an MCPServer may have."""
    return name.replace("mcpservers", "mcp")
