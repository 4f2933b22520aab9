"""What a run starts with: its Agent and all that it can hand off to, as they are now; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from agents_crds.contract.mcp import McpServerRoute, McpToolRoute
from agents_crds.contract.names import mcp_tool_name, pool_queue, provider_queue, secret_path
from agents_crds.contract.run import AgentIdentity, AgentSnapshot, ProviderSnapshot, ToolRoute
from agents_crds.contract.transcript import LocalAgent
from agents_crds.v1alpha1 import Agent, AgentRun, ConditionType, MCPServer, ModelProvider, Reason, WorkerPool
from agents_crds.v1alpha1.tools import McpTools
from agents_operator.agents.kept import kept_apart
from agents_operator.engine.conditions import find
from agents_operator.engine.settle import AFTER_STALL
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.mcpservers.selection import selected_tools
from agents_operator.mcpservers.target import mcp_target
from agents_operator.pools.contract import lacking, lacking_for_server, spoken_contract
from agents_operator.runs.local import local_agent, local_targets
from agents_operator.temporal.places import connection_of

MOST_AGENTS = 32


@dataclass(frozen=True)
class Snapshot:
    """Everything of other objects that a run is made of."""

    entry: Agent
    """The Agent that begins."""
    queue: str
    """Where its workflow runs."""
    agents: tuple[AgentSnapshot, ...]
    """Every Agent that the run can come to, the one that begins first."""
    servers: tuple[McpServerRoute, ...]
    """The MCPServers of the tools of all these Agents."""
    contract: int
    """What the workers of its workflow speak."""
    connection: str | None = None
    """The TemporalConnection of that pool; None: the operator's own Temporal."""


@dataclass(frozen=True)
class _Parts:
    """An Agent that can be run, with what it refers to."""

    agent: Agent
    home: AgentIdentity | LocalAgent
    """Where it lives: at the provider, or in the run."""
    provider: ModelProvider
    pool: WorkerPool
    servers: tuple[tuple[McpTools, MCPServer], ...]


def take_snapshot(run: AgentRun, world: World, *, installation: str) -> Snapshot:
    """Resolve the run's Agent and every one that it leads to; raise Waiting while one cannot be run."""
    every = tuple(_parts(agent, name, world) for name, agent in _reached(run, world))
    first = every[0]
    servers = {server.metadata.name: server for parts in every for _, server in parts.servers}
    for lack in chain(
        (lacking(first.agent.spec, run.spec, first.pool),),
        (lacking(parts.agent.spec, None, parts.pool) for parts in every[1:]),
        (_lacking_for(server, world) for server in servers.values()),
    ):
        if lack is not None:
            raise waiting(Reason.WORKER_TOO_OLD, lack, expected=False)
    _require_one_temporal(every, servers.values(), world)
    return Snapshot(
        entry=first.agent,
        queue=pool_queue(installation, run.metadata.namespace, first.pool.metadata.name),
        agents=tuple(_agent_snapshot(parts, installation, begins=parts is first) for parts in every),
        servers=tuple(
            McpServerRoute(target=mcp_target(server), queue=_queue(server, installation))
            for server in servers.values()
        ),
        contract=spoken_contract(first.pool),
        connection=connection_of(first.pool),
    )


def _require_one_temporal(every: Sequence[_Parts], servers: Iterable[MCPServer], world: World) -> None:
    """Raise Waiting when the run could come to a pool that works in another Temporal than its own."""
    entry = every[0].agent
    for parts in every[1:]:
        if apart := kept_apart(entry, parts.pool.metadata.name, world):
            name = parts.agent.metadata.name
            raise waiting(
                Reason.HANDOFF_NOT_POSSIBLE, f"Agent {name} is reached by handoffs, {apart}", expected=False
            )
    for server in servers:
        if apart := kept_apart(entry, server.spec.worker_pool_ref.name, world):
            raise waiting(
                Reason.MCP_SERVER_NOT_READY,
                f"MCPServer {server.metadata.name} has tools of the run, {apart}",
                expected=False,
            )


def waiting(reason: Reason, message: str, *, expected: bool = True) -> Waiting:
    """Wait for other objects: their change wakes the run, so the time to look again hardly matters."""
    return Waiting(reason, message, after=AFTER_STALL, condition=ConditionType.SUCCEEDED, expected=expected)


def _reached(run: AgentRun, world: World) -> tuple[tuple[str, Agent], ...]:
    """Follow the handoffs that the model is told about; name each Agent with the way to it."""
    namespace, name = run.metadata.namespace, run.spec.agent_ref.name
    entry = world.agents.named(namespace, name)
    if entry is None:
        raise waiting(
            Reason.AGENT_NOT_FOUND,
            f"there is no Agent {name} in namespace {namespace}; the run starts when it appears",
            expected=False,
        )
    ways: dict[str, tuple[str, ...]] = {name: (name,)}
    found = [(f"Agent {name}", _ready(f"Agent {name}", entry))]
    # It grows while it is walked through.
    for _, agent in found:
        for link in _links(agent, world):
            if link.name in ways:
                continue
            ways[link.name] = way = (*ways[agent.metadata.name], link.name)
            if len(ways) > MOST_AGENTS:
                raise waiting(
                    Reason.SNAPSHOT_TOO_LARGE,
                    f"Agent {name} leads to more than {MOST_AGENTS} Agents by handoffs, itself included: "
                    "let fewer of them be reached by spec.handoffs",
                    expected=False,
                )
            title = f"Agent {link.name}, reached by handoffs from {' to '.join(way)},"
            target = world.agents.named(namespace, link.name)
            if target is None:
                raise waiting(Reason.AGENT_NOT_FOUND, f"{title} is gone, and is being unlinked")
            if _link(target) != link:
                raise waiting(Reason.AGENT_NOT_READY, f"{title} is being linked anew")
            found.append((title, _ready(title, target)))
    return tuple(found)


@dataclass(frozen=True)
class _Link:
    """An Agent that another one leads to; `id` is None where it lives in the run."""

    name: str
    id: str | None


def _links(agent: Agent, world: World) -> tuple[_Link, ...]:
    """List the links as the provider was told of them, or as a Local session will be."""
    if agent.spec.session == "Local":
        return tuple(_Link(target.metadata.name, None) for target in local_targets(agent, world))
    remote = agent.status.remote
    return tuple(_Link(linked.name, linked.id) for linked in remote.handoffs) if remote else ()


def _link(agent: Agent) -> _Link | None:
    """Return the link to an Agent as it is now; None while it leads nowhere."""
    name, remote = agent.metadata.name, agent.status.remote
    if agent.spec.session == "Local":
        return _Link(name, None)
    return None if remote is None or remote.id is None else _Link(name, remote.id)


def _ready(title: str, agent: Agent) -> Agent:
    """Return an Agent if a run of it may start; raise Waiting with the reason if not."""
    if agent.metadata.deletion_timestamp is not None:
        raise waiting(Reason.AGENT_NOT_READY, f"{title} is being deleted")
    if agent.spec.suspend:
        raise waiting(Reason.AGENT_SUSPENDED, f"{title} is suspended; set spec.suspend to false")
    ready = find(agent.status.conditions, ConditionType.READY)
    if ready is None or (agent.status.observed_generation or 0) < agent.metadata.generation:
        raise waiting(Reason.AGENT_NOT_READY, f"{title} is being reconciled")
    if ready.status != "True":
        raise waiting(Reason.AGENT_NOT_READY, f"{title} is not Ready: {ready.reason}: {ready.message}")
    return agent


def _parts(agent: Agent, title: str, world: World) -> _Parts:
    namespace, spec = agent.metadata.namespace, agent.spec
    provider = world.providers.named(namespace, spec.provider_ref.name)
    pool = world.pools.named(namespace, spec.worker_pool_ref.name)
    if pool is not None and pool.metadata.deletion_timestamp is not None:
        raise waiting(
            Reason.AGENT_NOT_READY, f"{title} needs WorkerPool {pool.metadata.name}, which is being deleted"
        )
    wanted = tuple(tool.mcp for tool in spec.tools if tool.mcp is not None)
    servers = tuple(
        (each, server)
        for each in wanted
        if (server := world.mcp_servers.named(namespace, each.server_ref.name)) is not None
    )
    if provider is not None and pool is not None and len(servers) == len(wanted):
        home = _home(agent, pool, [server for _, server in servers], world)
        if home is not None:
            return _Parts(agent, home, provider, pool, servers)
    raise waiting(Reason.AGENT_NOT_READY, f"{title} is being reconciled")


def _home(
    agent: Agent, pool: WorkerPool, servers: list[MCPServer], world: World
) -> AgentIdentity | LocalAgent | None:
    if agent.spec.session == "Local":
        return local_agent(agent, pool, servers, world)
    remote = agent.status.remote
    if remote is None or remote.id is None or remote.version is None:
        return None
    return AgentIdentity(name=agent.metadata.name, id=remote.id, version=remote.version)


def _lacking_for(server: MCPServer, world: World) -> str | None:
    pool = world.pools.named(server.metadata.namespace, server.spec.worker_pool_ref.name)
    # Without its pool its calls end with an error for the model; that is no reason for the run to wait.
    return None if pool is None else lacking_for_server(server, pool)


def _agent_snapshot(parts: _Parts, installation: str, *, begins: bool) -> AgentSnapshot:
    agent, provider, home = parts.agent, parts.provider, parts.home
    key = provider.spec.api_key_secret_ref
    return AgentSnapshot(
        name=agent.metadata.name,
        remote_id=home.id if isinstance(home, AgentIdentity) else "",
        remote_version=home.version if isinstance(home, AgentIdentity) else 0,
        provider=ProviderSnapshot(
            name=provider.metadata.name,
            url=provider.spec.url,
            key_path="" if key is None else secret_path(key.name, key.key),
            protocol=provider.spec.protocol,
            queue=provider_queue(installation, agent.metadata.namespace, provider.metadata.name),
        ),
        tools=(*_functions(parts, installation), *_mcp_tools(parts, installation)),
        # It governs, whoever answers in the end.
        output_schema=agent.spec.output_schema if begins else None,
        local=home if isinstance(home, LocalAgent) else None,
        model=agent.spec.model or "",
    )


def _functions(parts: _Parts, installation: str) -> tuple[ToolRoute, ...]:
    wanted = {tool.function.name for tool in parts.agent.spec.tools if tool.function is not None}
    queue = pool_queue(installation, parts.pool.metadata.namespace, parts.pool.metadata.name)
    return tuple(
        ToolRoute(
            name=tool.name,
            queue=queue,
            idempotent=tool.idempotent,
            timeout=tool.timeout,
            polling=tool.polling,
        )
        for tool in parts.pool.status.tools
        if tool.name in wanted
    )


def _mcp_tools(parts: _Parts, installation: str) -> tuple[ToolRoute, ...]:
    return tuple(
        ToolRoute(
            name=mcp_tool_name(server.metadata.name, tool.name),
            queue=_queue(server, installation),
            idempotent=tool.idempotent,
            timeout=server.spec.call_timeout,
            mcp=McpToolRoute(server=server.metadata.name, tool=tool.name),
        )
        for wanted, server in parts.servers
        for tool in selected_tools(wanted, server)
    )


def _queue(server: MCPServer, installation: str) -> str:
    return pool_queue(installation, server.metadata.namespace, server.spec.worker_pool_ref.name)
