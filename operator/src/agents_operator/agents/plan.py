"""What is to be done about a remote agent; pure."""

from dataclasses import dataclass

from agents_crds.v1alpha1 import Agent, ConditionType, ModelProvider, RemoteAgent
from agents_operator.agents.definition import DesiredAgent
from agents_operator.engine.conditions import is_true
from agents_operator.mistral import MistralAgent


@dataclass(frozen=True)
class Create:
    """Make it."""

    desired: DesiredAgent


@dataclass(frozen=True)
class Update:
    """Send all of it; `drifted` when somebody else changed it."""

    remote: MistralAgent
    desired: DesiredAgent
    drifted: bool


@dataclass(frozen=True)
class Keep:
    """Leave it as it is."""

    remote: MistralAgent


Action = Create | Update | Keep


@dataclass(frozen=True)
class Nowhere:
    """No remote agent of ours is recorded; one may be there if a create request was lost."""


@dataclass(frozen=True)
class Here:
    """It is recorded at the provider that the spec names."""

    recorded: RemoteAgent
    agent_id: str


@dataclass(frozen=True)
class Elsewhere:
    """It is recorded at another provider or address than the spec names, and has to move."""

    recorded: RemoteAgent


Place = Nowhere | Here | Elsewhere


def place(recorded: RemoteAgent | None, provider: ModelProvider) -> Place:
    """Tell where the recorded remote agent is, seen from the provider that the spec names."""
    if recorded is None or recorded.external:
        return Nowhere()
    if recorded.provider not in {None, provider.metadata.name} or is_at_another_address(recorded, provider):
        return Elsewhere(recorded)
    return Nowhere() if recorded.id is None else Here(recorded, recorded.id)


def is_at_another_address(recorded: RemoteAgent, provider: ModelProvider) -> bool:
    """Tell whether the provider of the recorded name has another address now: what is there is not ours."""
    return recorded.url not in {None, provider.spec.url}


def is_interrupted_move(recorded: RemoteAgent | None, where: Place) -> bool:
    """Tell whether a create request may be under way at a provider that is not recorded.

    A move keeps the old agent on record, marked as pending, until the new one takes its place.
    """
    return recorded is not None and bool(recorded.create_pending) and not isinstance(where, Nowhere)


def plan_agent(desired: DesiredAgent, recorded: RemoteAgent | None, remote: MistralAgent | None) -> Action:
    """Choose the one write that brings the remote agent to what is desired.

    A version that was not recorded needs no write if it is what we would send: an update whose answer was
    lost, or an agent adopted as it was left. That comparison may fail on what a server rewrites, which costs
    one version and no more, because the version is recorded then.
    """
    if remote is None:
        return Create(desired)
    known = recorded is not None and recorded.id == remote.id
    sent = known and recorded is not None and recorded.hash == desired.hash
    if sent and recorded is not None and recorded.version == remote.version:
        return Keep(remote)
    if remote.stamp.hash == desired.hash and remote.shows(desired.definition):
        return Keep(remote)
    return Update(remote, desired, drifted=sent)


def is_in_step(agent: Agent, desired: DesiredAgent, provider: ModelProvider) -> bool:
    """Tell whether, as far as is known, nothing needs to be sent and the Agent is Ready."""
    match place(agent.status.remote, provider):
        case Here(recorded):
            return (
                recorded.hash == desired.hash
                and not recorded.create_pending
                and is_true(agent.status.conditions, ConditionType.READY)
            )
        case Nowhere() | Elsewhere():
            return False
