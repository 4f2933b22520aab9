"""Reads of what is there: the remote agent, and the runs that use it."""

from agents_crds.v1alpha1 import Agent, AgentRun
from agents_operator.engine.world import World
from agents_operator.mistral import AgentIdentity, MistralAgent, MistralAgents


async def observe_remote(
    agent_id: str, identity: AgentIdentity, mistral: MistralAgents
) -> MistralAgent | None:
    """Read the recorded agent; None when it is gone, or somebody else's.

    An Agent restored into another cluster with its status brings along an id that is not its own.
    """
    remote = await mistral.get(agent_id)
    return None if remote is None or remote.stamp.is_foreign_to(identity) else remote


async def search_remote(
    identity: AgentIdentity, uid: str, mistral: MistralAgents
) -> tuple[MistralAgent, ...]:
    """Find every agent of this identity, the one to keep first: of this uid, then of the highest version."""
    found = await mistral.search(identity)
    return tuple(
        sorted(found, key=lambda remote: (remote.stamp.uid == uid, remote.version, remote.id), reverse=True)
    )


def runs_under_way(agent: Agent, world: World) -> tuple[str, ...]:
    """Name the runs that have started, may come to this Agent's remote agent, and have not finished."""
    return tuple(
        sorted(
            run.metadata.name
            for run in world.runs.within(agent.metadata.namespace)
            if uses_remote_agent(run, agent.metadata.name)
            and run.status.workflow_id is not None
            and not run.status.finished
        )
    )


def uses_remote_agent(run: AgentRun, agent: str) -> bool:
    """Tell whether a run begins with the remote agent of the Agent of that name, or can come to it.

    One that started while the session was Local has recorded it without an id, and needs nothing of it.
    """
    ids = tuple(each.id for each in run.status.agents if each.name == agent)
    return any(ids) if ids else run.spec.agent_ref.name == agent
