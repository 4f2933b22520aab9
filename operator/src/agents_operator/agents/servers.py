"""The MCPServers that an Agent's tools come from, as they last listed them; pure."""

from datetime import timedelta

from agents_crds.v1alpha1 import Agent, ConditionType, MCPServer, Reason
from agents_crds.v1alpha1.tools import McpTools
from agents_operator.agents.kept import kept_apart
from agents_operator.agents.nearest import nearest_names
from agents_operator.agents.standing import Shortfall, has_served
from agents_operator.agents.tools import tool_place
from agents_operator.engine.conditions import find
from agents_operator.engine.world import World
from agents_operator.errors import Waiting


def resolve_servers(
    agent: Agent, world: World, *, retry_interval: timedelta
) -> tuple[dict[str, MCPServer], tuple[Shortfall, ...]]:
    """Find the servers by their names, and what the Agent does without; raise Waiting, about ResolvedRefs."""
    servers: dict[str, MCPServer] = {}
    shortfalls: list[Shortfall] = []
    for index, tool in enumerate(agent.spec.tools):
        if tool.mcp is None:
            continue
        place = f"{tool_place(index)}.mcp"
        server = _listed(agent, tool.mcp.server_ref.name, place, world, retry_interval)
        silent = not_ready(server)
        if silent and server.metadata.name not in servers:
            shortfalls.append(_add(silent, "its tools are those that it listed last"))
        servers[server.metadata.name] = server
        if unlisted := _unlisted(tool.mcp, server, place):
            if not has_served(agent):
                raise _waiting(unlisted, retry_interval)
            shortfalls.append(unlisted)
    return servers, tuple(shortfalls)


def not_found(namespace: str, name: str, place: str) -> Shortfall:
    """Say that there is no MCPServer of that name."""
    return Shortfall(
        Reason.MCP_SERVER_NOT_FOUND,
        f"{place} names MCPServer {name}, which does not exist in namespace {namespace}: create it, or "
        "correct the name",
    )


def not_ready(server: MCPServer) -> Shortfall | None:
    """Say that a server is not Ready; None when it is.

    Its own words may be other ones each time, and would make a write and an event of each.
    """
    ready = find(server.status.conditions, ConditionType.READY)
    if ready is not None and ready.status == "True":
        return None
    why = f" ({ready.reason})" if ready is not None else ""
    name = server.metadata.name
    return Shortfall(
        Reason.MCP_SERVER_NOT_READY,
        f"MCPServer {name} is not Ready{why}, as `kubectl describe mcpserver {name}` tells in full",
    )


def _listed(agent: Agent, name: str, place: str, world: World, retry_interval: timedelta) -> MCPServer:
    server = world.mcp_servers.named(agent.metadata.namespace, name)
    if server is None:
        raise _waiting(not_found(agent.metadata.namespace, name, place), retry_interval)
    if apart := kept_apart(agent, server.spec.worker_pool_ref.name, world):
        raise _waiting(
            Shortfall(
                Reason.MCP_SERVER_NOT_READY,
                f"{place} names MCPServer {name}, {apart}: they have to be in the same",
            ),
            retry_interval,
        )
    if server.status.refresh_time is not None:
        return server
    ready = find(server.status.conditions, ConditionType.READY)
    raise _waiting(
        _add(
            not_ready(server) or Shortfall(Reason.MCP_SERVER_NOT_READY, f"MCPServer {name} is being asked"),
            f"{place} needs its list of tools",
        ),
        retry_interval,
        # The pool tells itself what is wrong with it.
        expected=ready is None or ready.reason in {Reason.PENDING, Reason.WORKER_POOL_NOT_READY},
    )


def _unlisted(wanted: McpTools, server: MCPServer, place: str) -> Shortfall | None:
    """Say which tool that is asked for by name the server does not list."""
    listed = {tool.name for tool in server.status.tools}
    for name in wanted.include or ():
        if name not in listed:
            return Shortfall(
                Reason.TOOL_NOT_FOUND,
                f"{place}.include names {name}, which MCPServer {server.metadata.name} does not list; "
                + nearest_names(name, listed, none="it lists no tools"),
            )
    return None


def _add(shortfall: Shortfall, more: str) -> Shortfall:
    return Shortfall(shortfall.reason, f"{shortfall.message}; {more}")


def _waiting(shortfall: Shortfall, after: timedelta, *, expected: bool = False) -> Waiting:
    return Waiting(
        shortfall.reason,
        shortfall.message,
        after=after,
        condition=ConditionType.RESOLVED_REFS,
        expected=expected,
    )
