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
from agents_crds.v1alpha1.agent import LinkedAgent
from agents_operator.agents.plan import Elsewhere, Place
from agents_operator.agents.standing import Shortfall, Standing
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
    stays = "" if agent.status.remote is None else ", and the remote agent stays as it is"
    message = f"spec.suspend is true: no run starts{stays}"
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


def recorded_agent(
    remote: MistralAgent, digest: str, provider: ModelProvider, linked: tuple[LinkedAgent, ...]
) -> RemoteAgent:
    """Record a remote agent that is as desired."""
    return RemoteAgent(
        id=remote.id,
        version=remote.version,
        hash=digest,
        provider=provider.metadata.name,
        url=provider.spec.url,
        handoffs=linked,
    )


def synced_status(
    agent: Agent, remote: RemoteAgent | None, standing: Standing, *, now: datetime
) -> AgentStatus:
    """Say that the remote agent is as the spec says, as far as others are there that it refers to.

    `remote` is None of a Local session, which has none.
    """
    message = (
        f"each run speaks to ModelProvider {agent.spec.provider_ref.name} itself (session Local)"
        if remote is None
        else f"remote agent {remote.id} is at version {remote.version}"
    )
    told = _linking(agent, standing.unlinked, now=now) or (
        *reached_conditions(agent, REACHED, now=now),
        _ready(agent, "True", Reason.SYNCED, message, now=now),
        _degraded(agent, standing.shortfalls, now=now),
    )
    status = _with(agent, remote, told)
    return status.model_copy(update={"instructions": standing.instructions})


def _linking(agent: Agent, unlinked: tuple[str, ...], *, now: datetime) -> tuple[Condition, ...]:
    """Say whose remote agents are still to be made before this one can hand off to them."""
    if not unlinked:
        return ()
    message = (
        "this Agent is linked as soon as there are remote agents of those in spec.handoffs that have none "
        f"yet: {', '.join(unlinked)}"
    )
    generation, reason = agent.metadata.generation, Reason.HANDOFF_NOT_READY
    refs = condition(ConditionType.RESOLVED_REFS, "False", reason, message, generation=generation, now=now)
    accepted = reached_conditions(agent, (ConditionType.ACCEPTED,), now=now)
    return (*accepted, refs, _ready(agent, "False", reason, message, now=now))


def _degraded(agent: Agent, shortfalls: tuple[Shortfall, ...], *, now: datetime) -> Condition:
    generation = agent.metadata.generation
    if not shortfalls:
        return condition(
            ConditionType.DEGRADED,
            "False",
            Reason.AS_EXPECTED,
            "nothing is missing",
            generation=generation,
            now=now,
        )
    message = "; ".join(dict.fromkeys(shortfall.message for shortfall in shortfalls))
    reason = shortfalls[0].reason
    return condition(ConditionType.DEGRADED, "True", reason, message, generation=generation, now=now)


def _with(agent: Agent, remote: RemoteAgent | None, conditions: Iterable[Condition]) -> AgentStatus:
    return agent.status.model_copy(
        update={
            "observed_generation": agent.metadata.generation,
            "remote": remote,
            "conditions": with_conditions(agent.status.conditions, *conditions),
        }
    )


def _ready(
    agent: Agent, status: Literal["True", "False"], reason: Reason, message: str, *, now: datetime
) -> Condition:
    generation = agent.metadata.generation
    return condition(ConditionType.READY, status, reason, message, generation=generation, now=now)
