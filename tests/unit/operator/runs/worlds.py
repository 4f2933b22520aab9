"""Worlds in which a run may or may not start."""

from agents_crds.v1alpha1 import Agent, AgentRun
from agents_operator.engine.world import World
from agents_operator.runs.input import Opening
from agents_operator.runs.plan import NewWorkflow, Start, new_workflow, plan_run
from tests.unit.operator.engine.woken import Watched, see
from tests.unit.operator.objects import NOW, Manifest, agent, condition, pool, provider, ready_agent

INSTALLATION = "inst"


def world_of(*seen: Watched) -> World:
    """A world in which these objects were seen."""
    world = World()
    for stored in seen:
        see(world, stored)
    return world


def ready_world(*seen: Watched) -> World:
    """One with a provider and a pool that know everything, and an Agent, unless others are given."""
    return world_of(provider(), pool(status={"contract": 2}), ready_agent(), *seen)


def linked(name: str, *targets: str, status: Manifest | None = None, spec: Manifest | None = None) -> Agent:
    """A Ready Agent whose remote agent, named after it, hands off to those of the targets."""
    handoffs: Manifest = {"handoffs": [{"agentRef": {"name": target}} for target in targets]}
    remote: Manifest = {
        "id": f"ag_{name}",
        "version": 1,
        "handoffs": [{"name": target, "id": f"ag_{target}"} for target in targets],
    }
    base: Manifest = {
        "observedGeneration": 1,
        "remote": remote,
        "conditions": [condition("Ready", "True", "Synced")],
    }
    return agent(name, handoffs | (spec or {}), base | (status or {}))


def started(planned: AgentRun, world: World, opening: Opening | None = None) -> NewWorkflow:
    """The workflow that the run gets."""
    action = plan_run(planned, world, installation=INSTALLATION, now=NOW)
    assert isinstance(action, Start)
    opening = opening or Opening(text=planned.spec.input or "")
    return new_workflow(planned, action.snapshot, opening, installation=INSTALLATION)
