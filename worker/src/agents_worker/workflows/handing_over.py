"""Handoffs of a Local session: calls of tools that stand for agents, of which one in a turn has effect."""

from collections.abc import Sequence

from agents_crds.contract.entries import HandoffEntry
from agents_crds.contract.run import AgentSnapshot, LoopInput, LoopState
from agents_crds.contract.transcript import TranscriptCall
from agents_crds.v1alpha1.limits import PATH_LIMIT
from agents_worker.messages import FunctionCall
from agents_worker.workflows.floor import agents_of, caller_of, floor_of
from agents_worker.workflows.story import with_entry


def calls_of(
    loop: LoopInput, caller: AgentSnapshot, calls: Sequence[TranscriptCall]
) -> tuple[FunctionCall, ...]:
    """Return an answer's calls, the first possible handoff among them as such."""
    made, targets = list[FunctionCall](), _targets(loop, caller)
    for call in calls:
        is_free = all(not each.handoff for each in made)
        made.append(
            FunctionCall(
                tool_call_id=call.id,
                name=call.name,
                arguments=call.arguments,
                handoff=targets.get(call.name, "") if is_free else "",
            )
        )
    return tuple(made)


def handoff_reply(loop: LoopInput, state: LoopState, call: FunctionCall) -> str | None:
    """Tell the model what comes of a handoff; None where the call is none."""
    caller = caller_of(loop, state, call)
    if call.handoff:
        return f"The conversation was handed over: the agent {call.handoff} goes on with it now"
    if caller.local is None or call.name not in {target.tool for target in caller.local.handoffs}:
        return None
    if call.name in _targets(loop, caller):
        return "This handoff was not made: only the first one of a turn is"
    return "This handoff was not made: the run does not know that agent. Go on without it"


def handed_over(loop: LoopInput, state: LoopState, calls: Sequence[FunctionCall]) -> LoopState:
    """Let the agent have the floor that was handed over to, `state` having taken up the calls already."""
    before = floor_of(loop, state)
    for call in calls:
        if call.handoff:
            path = (*(state.path or (before,)), call.handoff)
            told = with_entry(state, HandoffEntry(agent=before, to=call.handoff))
            return told.model_copy(update={"agent": call.handoff, "path": path[-PATH_LIMIT:]})
    return state


def _targets(loop: LoopInput, caller: AgentSnapshot) -> dict[str, str]:
    known = {agent.name for agent in agents_of(loop) if agent.local is not None}
    handoffs = caller.local.handoffs if caller.local is not None else ()
    return {target.tool: target.agent for target in handoffs if target.agent in known}
