"""Agents and their counterparts on Mistral's side."""

from agents_crds.v1alpha1 import Agent
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.standin.agents import Agent as RemoteAgent
from tests.standin.counters import AgentCounts
from tests.user import condition, eventually, stays

SECONDS_OF_CALM = 3.0


def counts(platform: Platform, agent: RemoteAgent) -> AgentCounts:
    return platform.standin.counters().agents[agent.id]


def test_ready_agent_has_one_remote_agent_as_its_manifest_says(tenant: Tenant) -> None:
    agent = tenant.ready_agent("reader", instructions="Be brief.", completion={"temperature": 0.3})
    (remote,) = tenant.remote_agents()
    assert agent.status.remote is not None
    assert agent.status.remote.id == remote.id
    assert agent.status.remote.version == 0
    assert remote.current.instructions == "Be brief."
    assert {found.type: found.status for found in agent.status.conditions} == {
        "Accepted": "True",
        "ResolvedRefs": "True",
        "Ready": "True",
        "Degraded": "False",
    }


def test_edited_instructions_send_one_update_and_new_runs_use_it(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    (remote,) = tenant.remote_agents()
    tenant.apply_agent("reader", instructions="Answer in French.")
    agent = eventually(lambda: tenant.get(Agent, "reader"), lambda agent: version(agent) == 1)
    tenant.wait("agent/reader", "Ready")
    assert agent.status.remote is not None
    assert agent.status.remote.id == remote.id
    run = tenant.finished_run("reading", "reader")
    assert run.status.agent is not None
    assert run.status.agent.version == 1
    assert counts(platform, remote).updated == 1


def test_touched_label_sends_nothing(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    (remote,) = tenant.remote_agents()
    tenant.kubectl("label", "agent/reader", "team=energy")
    for seen in stays(lambda: counts(platform, remote), seconds=SECONDS_OF_CALM):
        assert (seen.created, seen.updated) == (1, 0)


def test_change_by_hand_is_corrected_once(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader", instructions="Be brief.")
    (remote,) = tenant.remote_agents()
    platform.edit_by_hand(remote.id, instructions="Be rude.")
    eventually(lambda: tenant.remote_agents()[0].current.instructions, lambda found: found == "Be brief.")
    agent = eventually(lambda: tenant.get(Agent, "reader"), lambda agent: version(agent) == 2)
    assert condition(agent, "Ready").status == "True"
    assert [event.reason for event in tenant.events("Agent/reader")] == ["DriftCorrected"]
    # Longer than the interval at which the operator compares.
    for seen in stays(lambda: counts(platform, remote).updated, seconds=SECONDS_OF_CALM + 4):
        assert seen == 2


def test_remote_agent_deleted_by_hand_is_made_again(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    (remote,) = tenant.remote_agents()
    platform.delete_by_hand(remote.id)
    again = eventually(tenant.remote_agents, bool)
    assert again[0].id != remote.id
    eventually(lambda: remote_id(tenant.get(Agent, "reader")), lambda found: found == again[0].id)
    tenant.finished_run("reading", "reader")


def test_deleted_agent_leaves_no_remote_agent(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    (remote,) = tenant.remote_agents()
    tenant.delete("agent/reader")
    assert tenant.remote_agents() == ()
    assert counts(platform, remote).deleted == 1


def test_deletion_waits_for_a_run_that_goes_on(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("going", "reader")
    platform.standin.wait_until_held(hold)
    tenant.delete("agent/reader", wait=False)
    eventually(
        lambda: condition(tenant.get(Agent, "reader"), "Ready").reason, lambda reason: reason == "Deleting"
    )
    platform.standin.release(hold)
    tenant.wait("agentrun/going", "Succeeded")
    tenant.kubectl("wait", "--for=delete", "agent/reader", "--timeout=30s")
    assert tenant.remote_agents() == ()


def test_retained_remote_agent_stays_and_is_adopted(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader", deletionPolicy="Retain")
    (remote,) = tenant.remote_agents()
    tenant.delete("agent/reader")
    assert [found.id for found in tenant.remote_agents()] == [remote.id]
    adopted = tenant.ready_agent("reader", deletionPolicy="Retain")
    assert remote_id(adopted) == remote.id
    assert [found.id for found in tenant.remote_agents()] == [remote.id]
    assert counts(platform, remote).created == 1


def test_deleted_namespace_takes_its_remote_agents_along(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    (remote,) = tenant.remote_agents()
    platform.kubectl("delete", "namespace", tenant.namespace, "--timeout=60s")
    assert counts(platform, remote).deleted == 1


def test_namespace_whose_key_is_gone_ends_and_records_the_orphan(
    platform: Platform, operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    (remote,) = tenant.remote_agents()
    tenant.delete("secret/mistral")
    operator.stop()
    operator.start()
    platform.kubectl("delete", "namespace", tenant.namespace, "--timeout=90s")
    orphans = platform.kubectl(
        "get", "configmap", "durable-agents-orphans", "--namespace=durable-agents-system", "--output=yaml"
    )
    assert remote.id in orphans
    assert tenant.namespace in orphans
    platform.delete_by_hand(remote.id)


def test_suspended_agent_starts_no_run_until_it_is_resumed(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.apply_agent("reader", suspend=True)
    tenant.wait("agent/reader", "Ready=False")
    tenant.apply_run("patient", "reader")
    assert tenant.wait_for_reason("patient", "AgentSuspended").status == "Unknown"
    tenant.apply_agent("reader", suspend=False)
    tenant.wait("agentrun/patient", "Succeeded")


def version(agent: Agent) -> int | None:
    return agent.status.remote.version if agent.status.remote else None


def remote_id(agent: Agent) -> str | None:
    return agent.status.remote.id if agent.status.remote else None
