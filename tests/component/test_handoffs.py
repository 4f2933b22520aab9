"""Agents that hand off to each other, and what becomes of them when one goes."""

from pydantic import JsonValue

from agents_crds.v1alpha1 import Agent
from tests.component.platform import Platform
from tests.component.tenant import Tenant
from tests.standin.agents import Agent as RemoteAgent
from tests.user import condition, eventually, stays

# Longer than the interval at which the operator compares.
LONG_ENOUGH = 6.0


def to(*names: str) -> JsonValue:
    return [{"agentRef": {"name": name}} for name in names]


def links(tenant: Tenant) -> dict[str, list[str]]:
    """Say which of the namespace's agents hand off to which on the stand-in's side."""
    remotes = tenant.remote_agents()
    names = {remote.id: name_of(remote, tenant) for remote in remotes}
    return {
        names[remote.id]: [names.get(other, other) for other in remote.current.handoffs or ()]
        for remote in remotes
    }


def name_of(remote: RemoteAgent, tenant: Tenant) -> str:
    return remote.current.name.removeprefix(f"{tenant.namespace}.")


def pair(tenant: Tenant) -> None:
    """Make two Agents that hand off to each other."""
    tenant.apply_agent("desk", handoffs=to("rates"))
    tenant.apply_agent("rates", handoffs=to("desk"))
    for name in ("desk", "rates"):
        tenant.wait(f"agent/{name}", "Ready")


def updates(platform: Platform, tenant: Tenant) -> list[int]:
    counters = platform.standin.counters()
    return sorted(counters.agents[remote.id].updated for remote in tenant.remote_agents())


def test_agents_of_a_cycle_are_linked_and_stay_as_they_are(platform: Platform, tenant: Tenant) -> None:
    pair(tenant)
    assert links(tenant) == {"desk": ["rates"], "rates": ["desk"]}
    made = updates(platform, tenant)
    # Whichever was made first had nobody to be linked to.
    assert made in ([0, 1], [1, 1])
    versions = {agent.metadata.resource_version for agent in tenant.list(Agent)}
    for _ in stays(lambda: None, seconds=LONG_ENOUGH):
        pass
    assert updates(platform, tenant) == made
    assert {agent.metadata.resource_version for agent in tenant.list(Agent)} == versions
    assert tenant.events("Agent/desk") == ()


def test_deleted_agent_leaves_the_other_serving_and_says_so(platform: Platform, tenant: Tenant) -> None:
    pair(tenant)
    before = {name_of(remote, tenant): remote.id for remote in tenant.remote_agents()}
    tenant.delete("agent/rates")
    assert links(tenant) == {"desk": []}
    assert platform.standin.counters().agents[before["rates"]].deleted == 1
    tenant.wait("agent/desk", "Degraded")
    agent = tenant.get(Agent, "desk")
    assert condition(agent, "Ready").status == "True"
    degraded = condition(agent, "Degraded")
    assert degraded.reason == "HandoffTargetGone"
    assert "spec.handoffs[0] names Agent rates" in degraded.message
    assert [event.reason for event in tenant.events("Agent/desk")] == ["HandoffTargetGone"]
    tenant.finished_run("reading", "desk")
    tenant.apply_agent("rates", handoffs=to("desk"))
    tenant.wait("agent/desk", "Degraded=false")
    tenant.wait("agent/rates", "Ready")
    assert links(tenant) == {"desk": ["rates"], "rates": ["desk"]}


def test_agents_that_go_together_do_not_wait_for_each_other(tenant: Tenant) -> None:
    pair(tenant)
    tenant.kubectl("delete", "agent", "desk", "rates", "--timeout=20s")
    assert tenant.remote_agents() == ()


def test_namespace_takes_agents_that_hand_off_to_each_other_along(platform: Platform, tenant: Tenant) -> None:
    pair(tenant)
    platform.kubectl("delete", "namespace", tenant.namespace, "--timeout=60s")
    assert tenant.remote_agents() == ()


def test_agent_waits_for_one_that_does_not_exist_and_goes_on_when_it_comes(tenant: Tenant) -> None:
    tenant.apply_agent("desk", handoffs=to("rates"))
    eventually(lambda: ready_reason(tenant, "desk"), lambda reason: reason == "HandoffNotFound")
    tenant.ready_agent("rates")
    tenant.wait("agent/desk", "Ready")
    assert links(tenant) == {"desk": ["rates"], "rates": []}


def ready_reason(tenant: Tenant, name: str) -> str:
    return condition(tenant.get(Agent, name), "Ready").reason
