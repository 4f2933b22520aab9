"""Which agents an Agent hands off to, and who keeps one from being deleted; pure."""

from dataclasses import dataclass
from datetime import timedelta

from agents_crds.v1alpha1 import Agent, ConditionType, ModelProvider, Reason
from agents_crds.v1alpha1.agent import LinkedAgent
from agents_operator.agents.kept import kept_apart
from agents_operator.agents.plan import is_at_another_address
from agents_operator.agents.standing import Shortfall, has_served
from agents_operator.engine.world import World
from agents_operator.errors import Stalled, Waiting


@dataclass(frozen=True)
class Handoffs:
    """What `spec.handoffs` comes to."""

    linked: tuple[LinkedAgent, ...] = ()
    unlinked: tuple[str, ...] = ()
    """Those that have no remote agent yet: as long as there are any, none is linked anew."""
    shortfalls: tuple[Shortfall, ...] = ()


def resolve_handoffs(
    agent: Agent, provider: ModelProvider, world: World, *, retry_interval: timedelta
) -> Handoffs:
    """Find the agents at the provider; raise Waiting or Stalled, about ResolvedRefs, for what cannot be."""
    linked: list[LinkedAgent] = []
    unlinked: list[str] = []
    shortfalls: list[Shortfall] = []
    places = {handoff.agent_ref.name: index for index, handoff in enumerate(agent.spec.handoffs)}
    for name, index in places.items():
        place = f"spec.handoffs[{index}]"
        target = present_target(agent, name, world)
        if target is None:
            shortfalls.append(_gone(agent, name, place, retry_interval))
            continue
        _require_possible(agent, target, place, world)
        if agent.spec.session == "Local":
            # Nothing is made of it anywhere: that it is there is enough.
            continue
        agent_id = id_at(target, provider)
        if agent_id is not None:
            linked.append(LinkedAgent(name=name, id=agent_id))
        elif has_served(agent):
            shortfalls.append(
                Shortfall(Reason.HANDOFF_NOT_READY, f"{place} names Agent {name}, {_NO_REMOTE_AGENT}")
            )
        else:
            unlinked.append(name)
    if unlinked:
        # A version with some of the links would be one more for nothing.
        linked = [link for link in linked if link in recorded_links(agent)]
    return Handoffs(tuple(linked), tuple(unlinked), tuple(shortfalls))


_NO_REMOTE_AGENT = "which has no remote agent at this ModelProvider yet"


def recorded_links(agent: Agent) -> tuple[LinkedAgent, ...]:
    """Return the agents that the remote agent hands off to, as last sent."""
    return () if agent.status.remote is None else agent.status.remote.handoffs


def id_at(agent: Agent, provider: ModelProvider) -> str | None:
    """Return the id of an Agent's remote agent at a provider; None while it has none there."""
    recorded = agent.status.remote
    if recorded is None or recorded.provider != provider.metadata.name:
        return None
    return None if is_at_another_address(recorded, provider) else recorded.id


def referrers(agent: Agent, world: World) -> tuple[str, ...]:
    """Name the Agents whose remote agents hand off to this one's, and that can still change that.

    One that is going takes its link along, and one that is suspended is run by nobody until it is resumed.
    """
    recorded = agent.status.remote
    return tuple(
        sorted(
            other.metadata.name
            for other in world.agents.within(agent.metadata.namespace)
            if other.metadata.uid != agent.metadata.uid
            and other.metadata.deletion_timestamp is None
            and not other.spec.suspend
            and recorded is not None
            and recorded.id in {link.id for link in recorded_links(other)}
        )
    )


def present_target(agent: Agent, name: str, world: World) -> Agent | None:
    """Return the Agent of that name, unless it is going."""
    target = world.agents.named(agent.metadata.namespace, name)
    return None if target is None or target.metadata.deletion_timestamp is not None else target


def _gone(agent: Agent, name: str, place: str, retry_interval: timedelta) -> Shortfall:
    """Do without an Agent that was there; raise Waiting for one that never was."""
    message = f"{place} names Agent {name}, which does not exist in namespace {agent.metadata.namespace}"
    # A link that is left would keep the other one from being deleted, whatever the spec is now.
    if has_served(agent) or name in {link.name for link in recorded_links(agent)}:
        return Shortfall(
            Reason.HANDOFF_TARGET_GONE,
            f"{message} any more: this Agent serves without it; create it, or remove it from spec.handoffs",
        )
    raise Waiting(
        Reason.HANDOFF_NOT_FOUND,
        f"{message}: create it, or correct the name",
        after=retry_interval,
        condition=ConditionType.RESOLVED_REFS,
    )


def _require_possible(agent: Agent, target: Agent, place: str, world: World) -> None:
    name, here, there = target.metadata.name, agent.spec.provider_ref.name, target.spec.provider_ref.name
    if name == agent.metadata.name:
        why = "which is this Agent itself: remove it"
    elif there != here:
        why = f"which is at ModelProvider {there}, and this one at {here}: they have to be at the same"
    elif target.spec.session != agent.spec.session:
        why = (
            f"whose session is {target.spec.session}, and this one's {agent.spec.session}: "
            "they have to have the same spec.session"
        )
    elif apart := kept_apart(agent, target.spec.worker_pool_ref.name, world):
        why = f"{apart}: they have to be in the same"
    else:
        return
    raise Stalled(
        Reason.HANDOFF_NOT_POSSIBLE,
        f"{place} names Agent {name}, {why}",
        condition=ConditionType.RESOLVED_REFS,
    )
