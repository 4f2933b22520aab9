"""Which agent a conversation is with, and by whose routes a call goes.

The provider names agents by their ids. Where it comes to one that the run's snapshot does not know, since an
agent of somebody else may hand off to anyone, the provider's name for it is all there is.
"""

from collections.abc import Sequence

from agents_crds.contract.run import AgentSnapshot, LoopInput, LoopState, ToolRoute, with_part
from agents_crds.v1alpha1.limits import PATH_LIMIT
from agents_worker.messages import Entry, FunctionCall, Handoff, ModelAnswer

_NAMELESS = "unknown"


def floor_of(loop: LoopInput, state: LoopState) -> str:
    """Name the agent that has the floor."""
    return state.agent or loop.agent.name


def agents_of(loop: LoopInput) -> tuple[AgentSnapshot, ...]:
    """Return all agents of the run, the one that begins first."""
    return (loop.agent, *loop.handoffs)


def name_of(loop: LoopInput, remote_id: str, *, otherwise: str) -> str:
    """Name the agent with this id at the provider; `otherwise` names one that the run does not know."""
    # Those of a Local session have no id.
    known = {agent.remote_id: agent.name for agent in agents_of(loop) if agent.remote_id}
    if remote_id in known:
        return known[remote_id]
    # A stranger must not pass for an agent of the run.
    return remote_id if remote_id and otherwise in known.values() else otherwise or remote_id


def taken_over(loop: LoopInput, handoff: Handoff) -> str:
    """Name the agent that has the floor after a handoff."""
    return name_of(loop, handoff.next_id, otherwise=handoff.next_name) or _NAMELESS


def moved(loop: LoopInput, state: LoopState, answer: ModelAnswer) -> LoopState:
    """Count a model call for the agent that had the floor, and follow its handoffs."""
    before = _answering(loop, state, answer)
    followers = tuple(taken_over(loop, entry) for entry in answer.entries if isinstance(entry, Handoff))
    path = (*(state.path or (before,)), *followers)
    update = {
        "agent": path[-1],
        "path": path[-PATH_LIMIT:],
        "agents": with_part(state.agents, before, answer.usage, turns=1),
    }
    return state.model_copy(update=update)


def _answering(loop: LoopInput, state: LoopState, answer: ModelAnswer) -> str:
    """Name the agent that a model call was made to: who has the floor in a branch, only its answer tells."""
    floor = floor_of(loop, state)
    if loop.continues is None or not loop.continues.fork or state.turns:
        return floor
    ids = (entry.previous_id if isinstance(entry, Handoff) else entry.agent_id for entry in answer.entries)
    named = (name_of(loop, remote_id, otherwise=floor) for remote_id in ids if remote_id)
    return next(named, floor)


def caller_of(loop: LoopInput, state: LoopState, call: FunctionCall) -> AgentSnapshot:
    """Find the agent that made a call.

    One that the run does not know calls by the routes of the agent that has the floor, or begins.
    """
    agents = agents_of(loop)
    by_id = (agent for agent in agents if call.agent_id and agent.remote_id == call.agent_id)
    by_floor = (agent for agent in agents if agent.name == floor_of(loop, state))
    return next(by_id, None) or next(by_floor, None) or loop.agent


def route_of(routes: Sequence[ToolRoute], name: str) -> ToolRoute | None:
    """Find how a tool is called; None when the agent was not given it."""
    return next((route for route in routes if route.name == name), None)


def tool_names(agent: AgentSnapshot) -> tuple[str, ...]:
    """Name the tools that an agent has; of a Remote session, those that are called here."""
    if agent.local is None:
        return tuple(route.name for route in agent.tools)
    functions = (function.name for function in agent.local.functions)
    return (*functions, *(target.tool for target in agent.local.handoffs))


def after_handoff(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return what came after the last handoff.

    A handoff is a hard boundary: the provider itself answered the calls before it, and refuses ours.
    """
    handoffs = [position for position, entry in enumerate(entries) if isinstance(entry, Handoff)]
    return tuple(entries[handoffs[-1] + 1 :] if handoffs else entries)
