"""What is said of an Agent beside its remote agent: its handoffs, its prompt, and what it does without."""

from dataclasses import dataclass

from agents_crds.v1alpha1 import Agent, ConditionType, Reason
from agents_crds.v1alpha1.agent import LinkedAgent
from agents_crds.v1alpha1.instructions import Instructions
from agents_operator.engine.conditions import find


@dataclass(frozen=True)
class Shortfall:
    """Something that is missing, or no longer current."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Standing:
    """How an Agent stands once its remote agent is in step."""

    instructions: Instructions | None = None
    """The system prompt, where it comes from somewhere else."""
    linked: tuple[LinkedAgent, ...] = ()
    """The agents that the remote agent hands off to."""
    unlinked: tuple[str, ...] = ()
    """Names of those that it cannot hand off to yet, which keeps it from being Ready."""
    shortfalls: tuple[Shortfall, ...] = ()
    """What it serves without."""


def has_served(agent: Agent) -> bool:
    """Tell whether the Agent was Ready with this very spec, whatever it is now.

    Degraded is written with Ready=True only, and is left as it is by everything else.
    """
    degraded = find(agent.status.conditions, ConditionType.DEGRADED)
    return degraded is not None and degraded.observed_generation == agent.metadata.generation
