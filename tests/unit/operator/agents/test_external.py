"""Agents that use somebody else's agent as it is."""

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRunStatus, Reason
from agents_operator.kubernetes.resources import AGENT_RUNS, AGENTS
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith, LoseResponse
from tests.unit.operator.agents.account import ONE_AGENT, SYNCED
from tests.unit.operator.bench import RETRY, Bench
from tests.unit.operator.hand import create_by_hand, delete_by_hand, edit_by_hand


async def using(bench: Bench, agent_id: str, **spec: JsonValue) -> None:
    """Make an Agent that uses the agent of that id."""
    await bench.add_agent("finance", model=None, instructions=None, remote={"id": agent_id}, **spec)


def writes(standin: StandIn) -> int:
    """Count what was sent to change anything, but for what the tests do by hand."""
    counters = standin.counters()
    return counters.agents_created + counters.agents_updated + counters.agents_deleted


async def test_somebody_elses_agent_is_recorded_and_never_changed(bench: Bench, standin: StandIn) -> None:
    theirs = create_by_hand(standin)
    before = writes(standin)
    await using(bench, theirs)
    await bench.reconcile()
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    recorded = await bench.remote()
    assert (recorded.id, recorded.version, recorded.provider, recorded.external) == (
        theirs,
        0,
        "default",
        True,
    )
    assert recorded.hash is None
    stored = await bench.agent()
    await bench.delete(AGENTS, "finance")
    assert await bench.is_gone()
    assert stored.metadata.finalizers == ()
    assert writes(standin) == before
    assert [agent.id for agent in standin.agents()] == [theirs]


async def test_its_version_is_followed(bench: Bench, standin: StandIn) -> None:
    theirs = create_by_hand(standin)
    await using(bench, theirs)
    await bench.reconcile()
    edit_by_hand(standin, theirs, instructions="Be rude.")
    await bench.reconcile()
    assert (await bench.remote()).version == 1
    assert await bench.events() == {}
    assert standin.agents()[0].current.instructions == "Be rude."


async def test_agent_that_is_not_there_is_said_with_its_field(bench: Bench, standin: StandIn) -> None:
    await using(bench, "ag_missing")
    await bench.reconcile()
    assert await bench.conditions() == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "False RemoteAgentNotFound",
        "Ready": "False RemoteAgentNotFound",
    }
    assert "no agent ag_missing: correct spec.remote.id" in (await bench.events())["RemoteAgentNotFound"]
    theirs = create_by_hand(standin)
    await bench.edit(remote={"id": theirs})
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    delete_by_hand(standin, theirs)
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False RemoteAgentNotFound"
    assert standin.agents() == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("description", "x"),
        ("instructions", "x"),
        ("instructionsFrom", {"configMapKeyRef": {"name": "a", "key": "b"}}),
        ("handoffs", [{"agentRef": {"name": "b"}}]),
        ("completion", {"temperature": 0.1}),
    ],
)
async def test_what_would_have_to_be_sent_is_refused(bench: Bench, field: str, value: JsonValue) -> None:
    await using(bench, "ag_theirs")
    await bench.merge(AGENTS, "finance", {"spec": {field: value}})
    await bench.reconcile()
    assert (await bench.conditions())["Accepted"] == "False RemoteAgentFixed"
    assert f"remove spec.{field}" in (await bench.events())["RemoteAgentFixed"]


async def test_tools_that_the_provider_runs_are_refused_and_functions_are_not(bench: Bench) -> None:
    await using(
        bench, "ag_theirs", outputSchema={"type": "object"}, tools=[{"builtin": {"type": "web_search"}}]
    )
    await bench.reconcile()
    assert "remove spec.tools[0]" in (await bench.events())["RemoteAgentFixed"]


async def test_provider_that_is_silent_does_not_stop_it(bench: Bench, standin: StandIn) -> None:
    await using(bench, create_by_hand(standin))
    await bench.reconcile()
    standin.fail("GET", ONE_AGENT, AnswerWith(status=503), times=None)
    again = await bench.reconcile()
    assert again is not None
    assert again <= RETRY * 1.2
    assert await bench.conditions() == SYNCED
    await bench.set_provider("default", "False", Reason.PROVIDER_UNREACHABLE)
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_own_agent_makes_room_for_somebody_elses(bench: Bench, standin: StandIn) -> None:
    theirs = create_by_hand(standin)
    await bench.add_agent()
    await bench.reconcile()
    await bench.add_run("going", AgentRunStatus(workflow_id="tests/going"))
    await bench.edit(model=None, instructions=None, remote={"id": theirs})
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False Progressing"
    assert len(standin.agents()) == 2
    await bench.delete(AGENT_RUNS, "going")
    await bench.reconcile()
    assert [agent.id for agent in standin.agents()] == [theirs]
    assert (await bench.remote()).external
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert [agent.id for agent in standin.agents()] == [theirs]


async def test_own_agent_that_is_named_as_somebody_elses_stays(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    own = (await bench.remote()).id
    await bench.edit(model=None, instructions=None, remote={"id": own})
    await bench.reconcile()
    assert [agent.id for agent in standin.agents()] == [own]
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert [agent.id for agent in standin.agents()] == [own]


async def test_somebody_elses_agent_makes_room_for_an_own_one(bench: Bench, standin: StandIn) -> None:
    theirs = create_by_hand(standin)
    await using(bench, theirs)
    await bench.reconcile()
    await bench.edit(model="mistral-small-latest", remote=None)
    standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    await bench.reconcile()
    recorded = await bench.remote()
    assert recorded.external is None
    assert {agent.id for agent in standin.agents()} == {theirs, recorded.id}
    assert standin.counters().agents_updated == 0
    assert await bench.conditions() == SYNCED


async def test_others_hand_off_to_somebody_elses_agent(bench: Bench, standin: StandIn) -> None:
    theirs = create_by_hand(standin)
    await using(bench, theirs)
    await bench.add_agent("desk", handoffs=[{"agentRef": {"name": "finance"}}])
    for name in ("finance", "desk"):
        await bench.reconcile(name)
    assert [link.id for link in (await bench.remote("desk")).handoffs] == [theirs]
    await bench.delete(AGENTS, "finance")
    assert await bench.is_gone()
    await bench.reconcile("desk")
    assert (await bench.conditions("desk"))["Degraded"] == "True HandoffTargetGone"
    assert theirs in {agent.id for agent in standin.agents()}
