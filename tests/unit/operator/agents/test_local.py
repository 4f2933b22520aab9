"""Agents of Local sessions, of which nothing is kept at a provider."""

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRunStatus, ConditionType, Reason
from agents_operator.kubernetes.resources import AGENT_RUNS, AGENTS, MODEL_PROVIDERS
from tests.standin.control import StandIn
from tests.standin.faults import AnswerWith, Effect, LoseResponse
from tests.unit.operator.agents.account import ONE_AGENT, SYNCED, times_told
from tests.unit.operator.bench import Bench
from tests.unit.operator.hand import create_by_hand
from tests.unit.operator.namespace import Manifest

CHAT: JsonValue = {"name": "own"}


async def add_chat_provider(bench: Bench) -> None:
    """Make a Ready ModelProvider that speaks chat completions only."""
    spec: Manifest = {"protocol": "ChatCompletions", "url": "http://own:8000/v1"}
    await bench.create(MODEL_PROVIDERS, "own", spec)
    await bench.set_provider("own", "True", Reason.AVAILABLE)


def to(*names: str) -> list[JsonValue]:
    return [{"agentRef": {"name": name}} for name in names]


async def test_agent_is_ready_and_nothing_is_sent_to_the_provider(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent(session="Local")
    await bench.reconcile()
    agent = await bench.agent()
    assert await bench.conditions() == SYNCED
    assert (agent.status.remote, agent.metadata.finalizers) == (None, ())
    assert standin.counters().requests == {}
    assert (await bench.condition(ConditionType.READY)).message == (
        "each run speaks to ModelProvider default itself (session Local)"
    )


async def test_agent_of_a_server_of_chat_completions_is_ready(bench: Bench) -> None:
    await add_chat_provider(bench)
    await bench.add_agent(session="Local", providerRef=CHAT)
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_remote_session_is_not_possible_with_chat_completions_alone(bench: Bench) -> None:
    await add_chat_provider(bench)
    await bench.add_agent(providerRef=CHAT)
    await bench.reconcile()
    assert await bench.conditions() == {
        "Accepted": "True Accepted",
        "ResolvedRefs": "False SessionNotPossible",
        "Ready": "False SessionNotPossible",
    }
    assert "set spec.session to Local" in (await bench.events())["SessionNotPossible"]
    await bench.edit(session="Local")
    await bench.reconcile()
    assert await bench.conditions() == SYNCED


async def test_tools_that_the_provider_runs_are_left_out_and_named(bench: Bench) -> None:
    tools: JsonValue = [
        {"builtin": {"type": "web_search"}},
        {"function": {"name": "get_interest_rate"}},
        {"connector": {"id": "gmail"}},
        {"documentLibrary": {"ids": ["lib-1"]}},
    ]
    await bench.add_agent(session="Local", tools=tools)
    for _ in range(2):
        await bench.reconcile()
    assert await bench.conditions() == {**SYNCED, "Degraded": "True ToolsDropped"}
    message = (await bench.condition(ConditionType.DEGRADED)).message
    assert "spec.tools[0] (web_search), spec.tools[2] (connector gmail)" in message
    assert "spec.tools[3] (document_library) are left out" in message
    assert await times_told(bench, "ToolsDropped") == 1


async def test_remote_agent_of_a_former_session_is_removed_when_its_runs_have_ended(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.add_run("going", AgentRunStatus(workflow_id="tests/going"))
    await bench.edit(session="Local")
    await bench.reconcile()
    ready = await bench.condition(ConditionType.READY)
    assert (ready.status, ready.reason) == ("False", "Progressing")
    assert "the remote agent is removed when 1 unfinished run of this Agent ends: going" in ready.message
    assert len(standin.agents()) == 1
    await bench.delete(AGENT_RUNS, "going")
    await bench.reconcile()
    assert standin.agents() == ()
    assert (await bench.agent()).status.remote is None
    assert await bench.conditions() == SYNCED


async def test_remote_agent_stays_when_the_session_is_remote_again_before_its_runs_have_ended(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    (remote,) = standin.agents()
    await bench.add_run("going", AgentRunStatus(workflow_id="tests/going"))
    for session in ("Local", "Remote"):
        await bench.edit(session=session)
        await bench.reconcile()
    assert standin.agents() == (remote,)
    assert await bench.conditions() == SYNCED


async def test_runs_of_a_local_session_hold_no_remote_agent_back(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    await bench.reconcile()
    part: JsonValue = {"name": "finance", "id": ""}
    status = AgentRunStatus.model_validate({"workflowId": "tests/going", "agents": [part]})
    await bench.add_run("going", status)
    await bench.edit(session="Local")
    await bench.reconcile()
    assert standin.agents() == ()
    assert await bench.conditions() == SYNCED


async def test_remote_agent_is_made_when_the_session_is_remote_again(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent(session="Local")
    await bench.reconcile()
    await bench.edit(session="Remote")
    await bench.reconcile()
    (remote,) = standin.agents()
    assert (await bench.remote()).id == remote.id
    assert await bench.conditions() == SYNCED


async def test_lost_create_request_of_a_former_session_leaves_nothing(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent()
    standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    assert len(standin.agents()) == 1
    await bench.edit(session="Local")
    await bench.reconcile()
    assert standin.agents() == ()
    assert await bench.conditions() == SYNCED


async def test_interrupted_move_that_ends_in_a_local_session_leaves_nothing_anywhere(
    bench: Bench, standin: StandIn, other_standin: StandIn
) -> None:
    await add_chat_provider(bench)
    await bench.add_provider("other")
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(providerRef={"name": "other"})
    other_standin.fail("POST", "/v1/agents", LoseResponse())
    await bench.reconcile()
    assert len(other_standin.agents()) == 1
    await bench.edit(providerRef=CHAT, session="Local")
    await bench.reconcile()
    assert standin.agents() == ()
    assert other_standin.agents() == ()
    assert await bench.conditions() == SYNCED


async def test_remote_agent_is_an_orphan_when_its_provider_is_gone(bench: Bench, standin: StandIn) -> None:
    await add_chat_provider(bench)
    await bench.add_agent()
    await bench.reconcile()
    await bench.delete(MODEL_PROVIDERS, "default")
    bench.operate()
    await bench.edit(providerRef=CHAT, session="Local")
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    (orphan,) = await bench.orphans()
    assert standin.agents()[0].id in orphan


async def test_deleted_agent_goes_at_once_though_its_provider_is_gone(bench: Bench) -> None:
    await bench.add_agent(session="Local")
    await bench.reconcile()
    await bench.delete(MODEL_PROVIDERS, "default")
    await bench.delete(AGENTS, "finance")
    assert await bench.is_gone()


async def test_deletion_after_a_former_remote_session_asks_no_provider(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(session="Local")
    await bench.reconcile()
    await bench.delete(MODEL_PROVIDERS, "default")
    bench.operate()
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()
    assert await bench.orphans() == ()


async def test_deletion_before_the_former_remote_agent_is_removed_removes_it(
    bench: Bench, standin: StandIn
) -> None:
    await add_chat_provider(bench)
    await bench.add_agent()
    await bench.reconcile()
    standin.fail("GET", ONE_AGENT, AnswerWith(status=503))
    await bench.edit(providerRef=CHAT, session="Local")
    await bench.reconcile()
    assert (await bench.conditions())["Ready"] == "False ProviderUnreachable"
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()


async def test_provider_that_is_silent_stops_no_agent_that_was_ready(bench: Bench) -> None:
    await bench.add_agent(session="Local")
    await bench.reconcile()
    await bench.set_provider("default", "False", Reason.PROVIDER_UNREACHABLE)
    await bench.reconcile()
    assert await bench.conditions() == SYNCED
    await bench.add_agent("later", session="Local")
    await bench.reconcile("later")
    assert (await bench.conditions("later"))["Ready"] == "False ProviderNotReady"


async def test_agents_that_hand_off_to_each_other_are_ready_in_any_order(bench: Bench) -> None:
    await bench.add_agent("a", session="Local", handoffs=to("b"))
    await bench.reconcile("a")
    assert (await bench.conditions("a"))["ResolvedRefs"] == "False HandoffNotFound"
    await bench.add_agent("b", session="Local", handoffs=to("a"))
    for name in ("a", "b"):
        await bench.reconcile(name)
        assert await bench.conditions(name) == SYNCED


async def test_agent_serves_without_a_target_that_is_gone(bench: Bench) -> None:
    await bench.add_agent("a", session="Local", handoffs=to("b"))
    await bench.add_agent("b", session="Local")
    await bench.reconcile("a")
    await bench.delete(AGENTS, "b")
    await bench.reconcile("a")
    assert await bench.conditions("a") == {**SYNCED, "Degraded": "True HandoffTargetGone"}


@pytest.mark.parametrize(("here", "there"), [("Local", "Remote"), ("Remote", "Local")])
async def test_agents_of_different_sessions_do_not_hand_off(bench: Bench, here: str, there: str) -> None:
    await bench.add_agent("a", session=here, handoffs=to("b"))
    await bench.add_agent("b", session=there)
    await bench.reconcile("a")
    assert (await bench.conditions("a"))["ResolvedRefs"] == "False HandoffNotPossible"
    message = (await bench.condition(ConditionType.READY, "a")).message
    assert f"whose session is {there}, and this one's {here}" in message


async def test_tool_that_is_named_as_a_handoff_is_refused(bench: Bench) -> None:
    await bench.add_agent(session="Local", tools=[{"function": {"name": "handoff_to_b"}}], handoffs=to("b"))
    await bench.reconcile()
    assert (await bench.conditions())["Accepted"] == "False DuplicateTool"
    note = (await bench.events())["DuplicateTool"]
    assert "spec.tools[0] and spec.handoffs[0] are both named handoff_to_b" in note


async def test_output_schema_that_cannot_be_checked_is_refused(bench: Bench) -> None:
    await bench.add_agent(session="Local", outputSchema={"type": "nonsense"})
    await bench.reconcile()
    assert (await bench.conditions())["Accepted"] == "False OutputSchemaInvalid"


async def test_somebody_elses_agent_of_a_former_spec_stays(bench: Bench, standin: StandIn) -> None:
    theirs = create_by_hand(standin)
    await bench.add_agent(model=None, instructions=None, remote={"id": theirs})
    await bench.reconcile()
    await bench.edit(model="some-model", remote=None, session="Local")
    await bench.reconcile()
    assert [agent.id for agent in standin.agents()] == [theirs]
    assert (await bench.agent()).status.remote is None
    assert await bench.conditions() == SYNCED


@pytest.mark.parametrize("fault", [AnswerWith(status=503), LoseResponse()])
async def test_deletion_in_the_middle_of_a_move_leaves_nothing_anywhere(
    bench: Bench, standin: StandIn, other_standin: StandIn, fault: Effect
) -> None:
    await add_chat_provider(bench)
    await bench.add_provider("other")
    await bench.add_agent()
    await bench.reconcile()
    await bench.edit(providerRef={"name": "other"})
    other_standin.fail("POST", "/v1/agents", fault)
    await bench.reconcile()
    assert (await bench.remote()).create_pending
    await bench.edit(providerRef=CHAT, session="Local")
    await bench.delete(AGENTS, "finance")
    await bench.reconcile()
    assert await bench.is_gone()
    assert standin.agents() == ()
    assert other_standin.agents() == ()
