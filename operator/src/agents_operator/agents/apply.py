"""Writes to the provider."""

from datetime import timedelta

from agents_crds.v1alpha1 import Reason
from agents_operator.agents.observe import observe_remote
from agents_operator.agents.plan import Action, Create, Keep, Update
from agents_operator.errors import Waiting
from agents_operator.mistral import AgentIdentity, MistralAgent, MistralAgents, NotFoundError

GONE_AGAIN = timedelta(seconds=1)


async def apply_agent(action: Action, mistral: MistralAgents) -> MistralAgent:
    """Carry out an action and return the agent as it is then."""
    match action:
        case Create(desired):
            return await mistral.create(desired.definition, desired.stamp)
        case Update(remote, desired):
            try:
                return await mistral.update(remote.id, desired.definition, desired.stamp)
            except NotFoundError as error:
                if await mistral.get(remote.id) is not None:
                    # It is something else that is not there, such as an agent that it hands off to.
                    raise
                message = f"remote agent {remote.id} went away while it was being updated"
                raise Waiting(Reason.PROGRESSING, message, after=GONE_AGAIN, expected=True) from error
        case Keep(remote):
            return remote


async def remove_agent(agent_id: str, identity: AgentIdentity, mistral: MistralAgents) -> tuple[str, ...]:
    """Delete an agent, unless it is gone or somebody else's; return its id if it was there."""
    if await observe_remote(agent_id, identity, mistral) is None:
        return ()
    await mistral.delete(agent_id)
    return (agent_id,)


async def remove_found(
    identity: AgentIdentity, mistral: MistralAgents, *, keep: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Delete every agent of this identity but those to keep; return the ids of those that were there."""
    found = [remote.id for remote in await mistral.search(identity) if remote.id not in keep]
    for agent_id in found:
        await mistral.delete(agent_id)
    return tuple(found)
