"""Agents that hand off to each other, reconciled step by step."""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRunStatus, ConditionType
from agents_crds.v1alpha1.agentrun import AgentInRun
from agents_operator.kubernetes.resources import AGENT_RUNS, AGENTS
from tests.standin.agents import Agent as Remote
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith
from tests.unit.operator.agents.account import ONE_AGENT, SYNCED, times_told
from tests.unit.operator.bench import DELETION_TIMEOUT, RETRY, Bench
from tests.unit.operator.hand import delete_by_hand, edit_by_hand


def to(*names: str) -> list[JsonValue]:
    return [{"agentRef": {"name": name}} for name in names]


def remote(standin: StandIn, bench: Bench, name: str) -> Remote:
    (found,) = (each for each in standin.agents() if each.current.name == f"{bench.namespace}.{name}")
    return found


def linked(standin: StandIn, bench: Bench, name: str) -> list[str]:
    """Name the agents that the remote agent hands off to, in order."""
    names = {each.id: each.current.name.removeprefix(f"{bench.namespace}.") for each in standin.agents()}
    return [names.get(agent_id, agent_id) for agent_id in remote(standin, bench, name).current.handoffs or ()]


async def pair(bench: Bench) -> None:
    """Make two Agents that hand off to each other and are Ready."""
    await bench.add_agent("a", handoffs=to("b"))
    await bench.add_agent("b", handoffs=to("a"))
    for name in ("a", "b", "a"):
        await bench.reconcile(name)


async def test_agent_waits_for_the_other_and_is_linked_by_one_update(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent("a", handoffs=to("b", "c"))
    await bench.add_agent("b")
    await bench.add_agent("c")
    await bench.reconcile("a")
    assert await bench.conditions("a") == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "False HandoffNotReady",
        "Ready": "False HandoffNotReady",
    }
    assert "yet: b, c" in (await bench.condition(ConditionType.READY, "a")).message
    assert await bench.events("a") == {}
    assert linked(standin, bench, "a") == []
    await bench.reconcile("b")
    await bench.reconcile("a")
    assert remote(standin, bench, "a").current.handoffs is None
    await bench.reconcile("c")
    await bench.reconcile("a")
    assert linked(standin, bench, "a") == ["b", "c"]
    assert (await bench.remote("a")).version == 1
    assert [(link.name, link.id) for link in (await bench.remote("a")).handoffs] == [
        (name, remote(standin, bench, name).id) for name in ("b", "c")
    ]
    assert await bench.conditions("a") == SYNCED


async def test_waiting_for_the_other_writes_nothing_again(bench: Bench) -> None:
    await bench.add_agent("a", handoffs=to("b"))
    await bench.add_agent("b", model="no-such-model")
    await bench.reconcile("a")
    await bench.reconcile("b")
    before = await bench.agent("a")
    await bench.reconcile("a")
    assert (await bench.agent("a")).metadata.resource_version == before.metadata.resource_version


async def test_cycle_is_linked_and_then_only_looked_at(bench: Bench, standin: StandIn) -> None:
    await pair(bench)
    assert linked(standin, bench, "a") == ["b"]
    assert linked(standin, bench, "b") == ["a"]
    assert standin.counters().agents_updated == 1
    for name in ("a", "b"):
        assert await bench.conditions(name) == SYNCED
        before = await bench.agent(name)
        await bench.reconcile(name)
        assert (await bench.agent(name)).metadata.resource_version == before.metadata.resource_version
    assert standin.counters().agents_updated == 1


async def test_link_that_somebody_else_removed_is_corrected(bench: Bench, standin: StandIn) -> None:
    await pair(bench)
    edit_by_hand(standin, (await bench.remote("a")).id or "", handoffs=None)
    await bench.reconcile("a")
    assert linked(standin, bench, "a") == ["b"]
    assert "DriftCorrected" in await bench.events("a")


async def test_agent_that_was_made_again_is_linked_again(bench: Bench, standin: StandIn) -> None:
    await pair(bench)
    delete_by_hand(standin, (await bench.remote("b")).id or "")
    await bench.reconcile("b")
    await bench.reconcile("a")
    assert linked(standin, bench, "a") == ["b"]
    assert await bench.conditions("a") == SYNCED


async def test_provider_that_does_not_know_the_other_is_not_asked_all_the_time(
    bench: Bench, standin: StandIn
) -> None:
    """The other one was deleted by hand, which is noticed when that is looked at."""
    await pair(bench)
    standin.fail("PATCH", ONE_AGENT, AnswerWith(status=404, body={"message": "no agent ag_b"}))
    await bench.edit("a", instructions="Be kind.")
    again = await bench.reconcile("a")
    assert again is not None
    assert again > RETRY
    ready = await bench.condition(ConditionType.READY, "a")
    assert (ready.status, ready.reason) == ("False", "ProviderRejected")
    assert "no agent ag_b" in ready.message


async def test_removed_handoffs_are_cleared(bench: Bench, standin: StandIn) -> None:
    await pair(bench)
    await bench.edit("a", handoffs=None)
    await bench.reconcile("a")
    assert remote(standin, bench, "a").current.handoffs is None
    assert (await bench.remote("a")).handoffs == ()
    assert await bench.conditions("a") == SYNCED


async def test_name_that_nobody_has_is_waited_for(bench: Bench) -> None:
    await bench.add_agent("a", handoffs=to("b"))
    await bench.reconcile("a")
    assert (await bench.conditions("a"))["ResolvedRefs"] == "False HandoffNotFound"
    assert "spec.handoffs[0] names Agent b" in (await bench.events("a"))["HandoffNotFound"]
    await bench.add_agent("b")
    for name in ("b", "a"):
        await bench.reconcile(name)
    assert await bench.conditions("a") == SYNCED


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a", "which is this Agent itself: remove it"),
        ("far", "which is at ModelProvider other, and this one at default"),
    ],
)
async def test_handoff_that_cannot_be_says_why(bench: Bench, name: str, words: str) -> None:
    await bench.add_provider("other")
    await bench.add_agent("far", providerRef={"name": "other"})
    await bench.add_agent("a", handoffs=to(name))
    await bench.reconcile("a")
    assert (await bench.conditions("a"))["ResolvedRefs"] == "False HandoffNotPossible"
    assert words in (await bench.events("a"))["HandoffNotPossible"]


async def test_agents_that_move_together_are_linked_at_the_other_provider(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await pair(bench)
    await bench.add_provider("other")
    await bench.edit("a", providerRef={"name": "other"})
    await bench.reconcile("a")
    assert (await bench.conditions("a"))["Ready"] == "False HandoffNotPossible"
    await bench.edit("b", providerRef={"name": "other"})
    for name in ("a", "b", "a"):
        await bench.reconcile(name)
    assert linked(other_standin, bench, "a") == ["b"]
    assert linked(other_standin, bench, "b") == ["a"]
    assert standin.agents() == ()
    for name in ("a", "b"):
        assert await bench.conditions(name) == SYNCED


async def test_deleted_agent_goes_when_the_others_are_unlinked_and_they_serve_on(
    bench: Bench, standin: StandIn
) -> None:
    await pair(bench)
    await bench.delete(AGENTS, "b")
    again = await bench.reconcile("b")
    assert again is not None
    assert again <= RETRY * 1.2
    assert (await bench.conditions("b"))["Ready"] == "False Deleting"
    assert "no longer hand off to it: a" in (await bench.condition(ConditionType.READY, "b")).message
    assert len(standin.agents()) == 2
    await bench.reconcile("a")
    assert remote(standin, bench, "a").current.handoffs is None
    assert await bench.conditions("a") == SYNCED | {"Degraded": "True HandoffTargetGone"}
    await bench.reconcile("b")
    assert await bench.is_gone("b")
    (left,) = standin.agents()
    assert left.id == (await bench.remote("a")).id
    before = await bench.agent("a")
    await bench.reconcile("a")
    assert (await bench.agent("a")).metadata.resource_version == before.metadata.resource_version
    assert await times_told(bench, "HandoffTargetGone") == 1


async def test_agent_serves_on_without_the_other_whatever_comes_between(
    bench: Bench, standin: StandIn
) -> None:
    """The provider is away just when the link has to go: that is no reason to wait for an Agent that went."""
    await pair(bench)
    await bench.delete(AGENTS, "b")
    standin.fail("PATCH", ONE_AGENT, AnswerWith(status=503), times=2)
    for _ in range(2):
        await bench.reconcile("a")
        assert await bench.conditions("a") == SYNCED | {"Degraded": "True ProviderUnreachable"}
    for name in ("a", "b", "a"):
        await bench.reconcile(name)
    assert await bench.conditions("a") == SYNCED | {"Degraded": "True HandoffTargetGone"}


async def test_agent_that_comes_back_is_linked_and_nothing_is_missing_then(
    bench: Bench, standin: StandIn
) -> None:
    await pair(bench)
    await bench.delete(AGENTS, "b")
    for name in ("a", "b"):
        await bench.reconcile(name)
    await bench.add_agent("b", handoffs=to("a"))
    await bench.reconcile("a")
    assert await bench.conditions("a") == SYNCED | {"Degraded": "True HandoffNotReady"}
    for name in ("b", "a"):
        await bench.reconcile(name)
    assert linked(standin, bench, "a") == ["b"]
    assert await bench.conditions("a") == SYNCED


async def test_newer_spec_must_name_agents_that_exist(bench: Bench) -> None:
    await pair(bench)
    await bench.delete(AGENTS, "b")
    for name in ("a", "b"):
        await bench.reconcile(name)
    await bench.edit("a", instructions="Be kind.")
    await bench.reconcile("a")
    assert (await bench.conditions("a"))["Ready"] == "False HandoffNotFound"


async def test_two_that_go_at_once_do_not_wait_for_each_other(bench: Bench, standin: StandIn) -> None:
    await pair(bench)
    for name in ("a", "b"):
        await bench.delete(AGENTS, name)
    for name in ("a", "b"):
        await bench.reconcile(name)
        assert await bench.is_gone(name)
    assert standin.agents() == ()


async def test_suspended_agent_keeps_nobody(bench: Bench, standin: StandIn) -> None:
    await pair(bench)
    await bench.edit("a", suspend=True)
    await bench.delete(AGENTS, "b")
    await bench.reconcile("b")
    assert await bench.is_gone("b")
    await bench.edit("a", suspend=False)
    await bench.reconcile("a")
    assert remote(standin, bench, "a").current.handoffs is None
    assert (await bench.conditions("a"))["Degraded"] == "True HandoffTargetGone"


async def test_deletion_does_not_wait_for_ever_for_the_others(bench: Bench, standin: StandIn) -> None:
    await pair(bench)
    await bench.delete(AGENTS, "b")
    await bench.reconcile("b")
    bench.ahead = DELETION_TIMEOUT + timedelta(seconds=1)
    await bench.reconcile("b")
    assert await bench.is_gone("b")
    assert len(standin.agents()) == 1
    assert await bench.orphans() == ()


async def test_deletion_waits_for_runs_that_may_come_to_the_agent(bench: Bench) -> None:
    await pair(bench)
    reachable = (AgentInRun(name="a", id="ag_a"), AgentInRun(name="b", id="ag_b"))
    await bench.add_run("going", AgentRunStatus(workflow_id="tests/going", agents=reachable), agent="a")
    await bench.delete(AGENTS, "b")
    for name in ("a", "b"):
        await bench.reconcile(name)
    assert "ends: going" in (await bench.condition(ConditionType.READY, "b")).message
    await bench.delete(AGENT_RUNS, "going")
    await bench.reconcile("b")
    assert await bench.is_gone("b")
