"""Somebody else's agent on Mistral's side, used as it is."""

from mistralai.client import Mistral

from agents_crds.v1alpha1 import Agent
from tests.component.platform import Platform
from tests.component.tenant import METER, Tenant
from tests.user import condition, eventually, manifest, stays
from tools.local.services import STANDIN_KEY

# Longer than the interval at which the operator compares.
LONG_ENOUGH = 6.0


def somebody_elses(platform: Platform) -> str:
    """Make an agent that no manifest speaks of, and return its id."""
    with Mistral(api_key=STANDIN_KEY, server_url=platform.standin_url) as mistral:
        theirs = mistral.beta.agents.create(
            model="mistral-small-latest", name="theirs", instructions="Be theirs."
        )
    return str(theirs.id)


def use(tenant: Tenant, agent_id: str) -> None:
    tenant.apply(manifest("Agent", "theirs", {"remote": {"id": agent_id}}))


def test_agent_of_somebody_else_answers_and_is_left_alone(platform: Platform, tenant: Tenant) -> None:
    theirs = somebody_elses(platform)
    use(tenant, theirs)
    tenant.wait("agent/theirs", "Ready")
    run = tenant.finished_run("reading", "theirs", METER)
    assert run.status.agent is not None
    assert (run.status.agent.id, run.status.agent.version) == (theirs, 0)
    platform.edit_by_hand(theirs, instructions="Be rude.")
    eventually(lambda: version(tenant), lambda seen: seen == 1)
    for _ in stays(lambda: None, seconds=LONG_ENOUGH):
        pass
    tenant.delete("agent/theirs")
    counts = platform.standin.counters().agents[theirs]
    assert (counts.updated, counts.deleted) == (1, 0)
    assert tenant.remote_agents() == ()
    platform.delete_by_hand(theirs)


def test_agent_that_nobody_has_is_said_and_can_be_put_right(platform: Platform, tenant: Tenant) -> None:
    use(tenant, "ag_missing")
    eventually(
        lambda: condition(tenant.get(Agent, "theirs"), "ResolvedRefs").reason,
        lambda reason: reason == "RemoteAgentNotFound",
    )
    theirs = somebody_elses(platform)
    use(tenant, theirs)
    tenant.wait("agent/theirs", "Ready")
    platform.delete_by_hand(theirs)


def test_own_agent_makes_room_for_somebody_elses_and_comes_back(platform: Platform, tenant: Tenant) -> None:
    theirs = somebody_elses(platform)
    tenant.ready_agent("reader")
    (own,) = tenant.remote_agents()
    tenant.apply(manifest("Agent", "reader", {"remote": {"id": theirs}}))
    eventually(lambda: remote_id(tenant), lambda seen: seen == theirs)
    assert tenant.remote_agents() == ()
    assert platform.standin.counters().agents[own.id].deleted == 1
    tenant.ready_agent("reader")
    eventually(lambda: len(tenant.remote_agents()), lambda count: count == 1)
    assert platform.standin.counters().agents[theirs].updated == 0
    platform.delete_by_hand(theirs)


def version(tenant: Tenant) -> int | None:
    remote = tenant.get(Agent, "theirs").status.remote
    return remote.version if remote else None


def remote_id(tenant: Tenant) -> str | None:
    remote = tenant.get(Agent, "reader").status.remote
    return remote.id if remote else None
