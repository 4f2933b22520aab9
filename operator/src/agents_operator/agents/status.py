"""The status of an Agent; pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from agents_crds.v1alpha1 import (
    Agent,
    AgentStatus,
    Condition,
    ConditionType,
    ModelProvider,
    Reason,
    RemoteAgent,
)
from agents_operator.agents.plan import Elsewhere, Place
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.mistral import MistralAgent

REACHED = {
    ConditionType.ACCEPTED: (Reason.ACCEPTED, "the spec is valid"),
    ConditionType.RESOLVED_REFS: (Reason.RESOLVED, "every reference was found"),
}


def reached_conditions(
    agent: Agent, types: Iterable[ConditionType], *, now: datetime
) -> tuple[Condition, ...]:
    """Say how far a reconcile got, whatever ended it."""
    return tuple(
        condition(type_, "True", *REACHED[type_], generation=agent.metadata.generation, now=now)
        for type_ in types
    )


def suspended_status(agent: Agent, *, now: datetime) -> AgentStatus:
    """Say that nothing is done because the spec says so."""
    message = "spec.suspend is true: no run starts, and the remote agent stays as it is"
    return _with(agent, agent.status.remote, (_ready(agent, "False", Reason.SUSPENDED, message, now=now),))


def fenced_status(agent: Agent, where: Place, provider: ModelProvider, *, now: datetime) -> AgentStatus:
    """Announce a create request; one that is on record already changes nothing.

    An agent that moves stays on record until the new one is there.
    """
    name = provider.metadata.name
    match where:
        case Elsewhere(recorded):
            remote = recorded.model_copy(update={"create_pending": True})
        case _:
            remote = RemoteAgent(provider=name, url=provider.spec.url, create_pending=True)
    if remote == agent.status.remote:
        return agent.status
    message = f"making the remote agent at ModelProvider {name}"
    progress = _ready(agent, "False", Reason.PROGRESSING, message, now=now)
    return _with(agent, remote, (*reached_conditions(agent, REACHED, now=now), progress))


def recorded_agent(remote: MistralAgent, digest: str, provider: ModelProvider) -> RemoteAgent:
    """Record a remote agent that is as desired."""
    return RemoteAgent(
        id=remote.id,
        version=remote.version,
        hash=digest,
        provider=provider.metadata.name,
        url=provider.spec.url,
    )


def synced_status(agent: Agent, remote: RemoteAgent, *, now: datetime) -> AgentStatus:
    """Say that the remote agent is as the spec says."""
    message = f"remote agent {remote.id} is at version {remote.version}"
    ready = _ready(agent, "True", Reason.SYNCED, message, now=now)
    return _with(agent, remote, (*reached_conditions(agent, REACHED, now=now), ready))


def _with(agent: Agent, remote: RemoteAgent | None, conditions: Iterable[Condition]) -> AgentStatus:
    return AgentStatus(
        observed_generation=agent.metadata.generation,
        remote=remote,
        conditions=with_conditions(agent.status.conditions, *conditions),
    )


def _ready(
    agent: Agent, status: Literal["True", "False"], reason: Reason, message: str, *, now: datetime
) -> Condition:
    generation = agent.metadata.generation
    return condition(ConditionType.READY, status, reason, message, generation=generation, now=now)
