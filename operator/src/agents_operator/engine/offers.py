"""What objects see of one another: only when that changes, they have to be reconciled. Pure."""

from agents_crds.v1alpha1 import Agent, ConditionType, MCPServer, ModelProvider, Reason, WorkerPool
from agents_operator.engine.conditions import find, is_true


def agent_offer(agent: Agent | None) -> object:
    """What waiting runs see of an Agent.

    They repeat its message, and yet are not woken when only that is another one, such as while it counts
    down the runs that it waits for: each of ten thousand would be written again.
    """
    if agent is None:
        return None
    remote, ready = agent.status.remote, find(agent.status.conditions, ConditionType.READY)
    return (
        agent.metadata.uid,
        agent.metadata.generation,
        agent.metadata.deletion_timestamp,
        agent.status.observed_generation,
        ready and (ready.status, ready.reason),
        (remote.id, remote.version, remote.handoffs)
        if remote is not None and remote.id is not None
        else None,
    )


def handoff_target(agent: Agent | None) -> object:
    """What those see of an Agent that hand off to it."""
    if agent is None:
        return None
    remote, spec = agent.status.remote, agent.spec
    where = remote and (remote.id, remote.provider, remote.url)
    return (
        agent.metadata.uid,
        agent.metadata.deletion_timestamp,
        spec.provider_ref.name,
        spec.worker_pool_ref.name,
        spec.session,
        where,
    )


def held_agents(agent: Agent | None) -> frozenset[str]:
    """Name the Agents whose deletion waits until this one hands off to them no more."""
    if agent is None or agent.metadata.deletion_timestamp is not None or agent.spec.suspend:
        return frozenset()
    recorded = agent.status.remote
    return frozenset(link.name for link in recorded.handoffs) if recorded else frozenset()


def provider_offer(provider: ModelProvider | None) -> object:
    """What Agents and pools see of a provider."""
    if provider is None:
        return None
    return provider.spec, is_true(provider.status.conditions, ConditionType.READY)


def pool_access(pool: WorkerPool | None) -> object:
    """What MCPServers see of the pool that calls them."""
    if pool is None:
        return None
    status = pool.status
    ready = is_true(status.conditions, ConditionType.READY)
    going = pool.metadata.deletion_timestamp
    return status.build, status.contract, ready, pool.is_asleep, pool.spec.stdio, going


def mcp_server_offer(server: MCPServer | None) -> object:
    """What Agents see of an MCPServer."""
    if server is None:
        return None
    ready = find(server.status.conditions, ConditionType.READY)
    return server.spec, server.status.tools, ready and (ready.status, ready.reason)


def refresh_time(server: MCPServer | None) -> object:
    """When an MCPServer's prompts may last have changed."""
    return None if server is None else server.status.refresh_time


def uses_server(agent: Agent, server: str) -> bool:
    """Tell whether an Agent has tools or instructions of the MCPServer of that name."""
    tools = (tool.mcp.server_ref.name for tool in agent.spec.tools if tool.mcp is not None)
    return server in tools or has_prompt_of(agent, server)


def has_prompt_of(agent: Agent, server: str) -> bool:
    """Tell whether an Agent's instructions are a prompt of the MCPServer of that name."""
    source = agent.spec.instructions_from
    return (
        source is not None and source.mcp_prompt is not None and source.mcp_prompt.server_ref.name == server
    )


def pool_offer(pool: WorkerPool | None) -> object:
    """What Agents see of a pool."""
    if pool is None:
        return None
    status = pool.status
    ready = is_true(status.conditions, ConditionType.READY)
    return status.build, status.tools, status.contract, ready, pool.metadata.deletion_timestamp


PASSING = frozenset(
    {
        Reason.PROGRESSING,
        Reason.PROVIDER_NOT_READY,
        Reason.PROVIDER_UNREACHABLE,
        Reason.MCP_SERVER_NOT_READY,
        Reason.HANDOFF_NOT_READY,
    }
)
"""Why an Agent is not Ready that may be so again any moment, without a change of its spec."""


def needs_its_tools(agent: Agent) -> bool:
    """Tell whether an Agent keeps its tools from being taken away: it is Ready, or about to be so again."""
    ready = find(agent.status.conditions, ConditionType.READY)
    if ready is None or agent.metadata.deletion_timestamp is not None or agent.spec.suspend:
        return False
    return ready.status == "True" or ready.reason in PASSING


def pool_use(agent: Agent | None) -> object:
    """What a pool sees of an Agent whose tools it runs."""
    return agent.spec if agent is not None and needs_its_tools(agent) else None


def awaits_agents(pool: WorkerPool) -> bool:
    """Tell whether new runs stay with an older build of a pool because of what its Agents need."""
    progressing = find(pool.status.conditions, ConditionType.PROGRESSING)
    reasons = {Reason.TOOL_REMOVED.value, Reason.WORKER_TOO_OLD.value}
    return progressing is not None and progressing.status == "True" and progressing.reason in reasons
