"""What an Agent of a Local session is, for the run that it lives in; pure."""

from collections.abc import Iterable, Mapping

from agents_crds.contract.names import handoff_tool_name
from agents_crds.contract.transcript import CompletionOptions, FunctionDefinition, HandoffTarget, LocalAgent
from agents_crds.v1alpha1 import Agent, MCPServer, ToolDescription, WorkerPool
from agents_operator.agents.handoffs import present_target
from agents_operator.agents.instructions import last_read
from agents_operator.agents.tools import expanded_tools, served_tools
from agents_operator.engine.world import World
from agents_operator.mistral import FunctionDefinition as RemoteFunction


def local_agent(
    agent: Agent, pool: WorkerPool, servers: Iterable[MCPServer], world: World
) -> LocalAgent | None:
    """Describe a Ready Agent as its model is told of it; None when the world is not yet as it was then."""
    spec = agent.spec
    instructions = _instructions(agent)
    functions = _functions(agent, pool)
    if spec.model is None or instructions is None or functions is None:
        return None
    tools = expanded_tools(spec, functions, {server.metadata.name: server for server in servers})
    return LocalAgent(
        model=spec.model,
        instructions=instructions,
        functions=tuple(
            FunctionDefinition(
                name=tool.definition.name,
                description=tool.definition.description,
                parameters=tool.definition.parameters,
            )
            for tool in served_tools(spec, tools)
            if isinstance(tool.definition, RemoteFunction)
        ),
        handoffs=tuple(
            HandoffTarget(
                agent=target.metadata.name,
                tool=handoff_tool_name(target.metadata.name),
                description=target.spec.description or "",
            )
            for target in local_targets(agent, world)
        ),
        options=CompletionOptions.model_validate(spec.completion.model_dump(by_alias=False)),
        context_window=spec.context_window,
    )


def local_targets(agent: Agent, world: World) -> tuple[Agent, ...]:
    """Find the Agents that one of a Local session hands off to, without those that are gone."""
    names = dict.fromkeys(handoff.agent_ref.name for handoff in agent.spec.handoffs)
    targets = (present_target(agent, name, world) for name in names)
    return tuple(target for target in targets if target is not None)


def _instructions(agent: Agent) -> str | None:
    source = agent.spec.instructions_from
    if source is None:
        return agent.spec.instructions or ""
    stored = last_read(agent, source)
    return None if stored is None else stored.text


def _functions(agent: Agent, pool: WorkerPool) -> Mapping[str, ToolDescription] | None:
    offered = {tool.name: tool for tool in pool.status.tools}
    wanted = {tool.function.name for tool in agent.spec.tools if tool.function is not None}
    return offered if wanted <= offered.keys() else None
