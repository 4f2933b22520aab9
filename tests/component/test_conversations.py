"""Runs that go on where others ended, and what is left of their conversations at the provider."""

from collections.abc import Iterator

import pytest

from agents_crds.v1alpha1 import AgentRun
from tests.component.platform import Operator, Platform
from tests.component.tenant import METER, Tenant
from tests.standin.control import APPEND
from tests.standin.conversations import Conversation
from tests.standin.entries import MessageInput
from tests.user import condition, eventually, stays
from tools.local.processes import Processes

AGAIN = "Please read the meter 'south-3'."
RESTART = "/v1/conversations/*/restart"


def follow(tenant: Tenant, name: str, of: str, *, fork: bool = False, agent: str = "reader") -> None:
    """Apply a run that goes on with another one."""
    tenant.apply_run(name, agent, AGAIN, continueFrom={"agentRunRef": {"name": of}, "fork": fork})


def followed(tenant: Tenant, name: str, of: str, *, fork: bool = False) -> AgentRun:
    follow(tenant, name, of, fork=fork)
    tenant.wait(f"agentrun/{name}", "Succeeded")
    return tenant.get(AgentRun, name)


def said(conversation: Conversation) -> list[object]:
    return [entry.content for entry in conversation.entries if isinstance(entry, MessageInput)]


def conversation_of(tenant: Tenant, run: AgentRun) -> Conversation:
    return next(each for each in tenant.conversations() if each.id == run.status.conversation_id)


def test_a_run_goes_on_in_the_conversation_of_another(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    first = tenant.finished_run("first", "reader")
    second = followed(tenant, "second", "first")
    third = followed(tenant, "third", "second")
    [conversation] = tenant.conversations()
    assert {run.status.conversation_id for run in (first, second, third)} == {conversation.id}
    assert said(conversation) == [METER, AGAIN, AGAIN]
    assert second.status.output is not None
    assert tenant.tool_calls()[1].value in second.status.output.text


def test_a_branch_leaves_the_original_as_it_is(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    first = tenant.finished_run("first", "reader")
    [before] = tenant.conversations()
    one, two = (followed(tenant, name, "first", fork=True) for name in ("one", "two"))
    assert conversation_of(tenant, first) == before
    assert len({run.status.conversation_id for run in (first, one, two)}) == 3
    assert [said(conversation_of(tenant, run)) for run in (one, two)] == [[METER, AGAIN]] * 2


def test_runs_that_go_on_with_one_another_come_one_after_the_other(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    follow(tenant, "second", "first")
    assert "there is no AgentRun first" in tenant.wait_for_reason("second", "ConversationNotFound").message
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("first", "reader")
    platform.standin.wait_until_held(hold)
    assert "has not finished" in tenant.wait_for_reason("second", "ConversationBusy").message
    platform.standin.release(hold)
    tenant.wait("agentrun/second", "Succeeded")
    [conversation] = tenant.conversations()
    assert said(conversation) == [METER, AGAIN]
    assert tenant.events("AgentRun/second")[0].reason == "ConversationNotFound"


def test_of_runs_that_continue_the_same_one_at_once_each_has_its_turn(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    first = tenant.finished_run("first", "reader")
    hold = platform.standin.hold("POST", APPEND, times=1)
    follow(tenant, "second", "first")
    platform.standin.wait_until_held(hold)
    held = tenant.get(AgentRun, "second")
    assert held.status.conversation_id == first.status.conversation_id
    for name in ("third", "fourth"):
        follow(tenant, name, "first")
    branch = followed(tenant, "branch", "first", fork=True)
    for name in ("third", "fourth"):
        busy = tenant.wait_for_reason(name, "ConversationBusy")
        assert "AgentRun second goes on in the same conversation" in busy.message
        assert busy.status == "Unknown"
    platform.standin.release(hold)
    for name in ("second", "third", "fourth"):
        tenant.wait(f"agentrun/{name}", "Succeeded")
    assert said(conversation_of(tenant, first)) == [METER, AGAIN, AGAIN, AGAIN]
    assert said(conversation_of(tenant, branch)) == [METER, AGAIN]
    starts = {name: tenant.get(AgentRun, name).status for name in ("third", "fourth")}
    ends = sorted((str(status.start_time), str(status.completion_time)) for status in starts.values())
    assert ends[0][1] <= ends[1][0]


def test_a_run_of_another_agent_is_not_gone_on_with(tenant: Tenant) -> None:
    for name in ("reader", "other"):
        tenant.ready_agent(name)
    tenant.finished_run("first", "reader")
    follow(tenant, "second", "first", agent="other")
    ended = tenant.wait_for_reason("second", "AgentMismatch")
    assert ended.status == "False"
    assert "AgentRun first is of Agent reader" in ended.message
    assert tenant.get(AgentRun, "second").status.workflow_id is None


def test_an_agent_that_was_made_anew_does_not_go_on(platform: Platform, tenant: Tenant) -> None:
    agent = tenant.ready_agent("reader")
    tenant.finished_run("first", "reader")
    assert agent.status.remote is not None
    old = str(agent.status.remote.id)
    platform.delete_by_hand(old)
    eventually(tenant.remote_agents, lambda found: [each.id for each in found] not in ([], [old]))
    tenant.wait("agent/reader", "Ready")
    follow(tenant, "second", "first")
    assert "was made anew" in tenant.wait_for_reason("second", "AgentMismatch").message


def test_a_run_that_ended_without_a_conversation_is_not_gone_on_with(tenant: Tenant) -> None:
    tenant.apply_run("first", "absent", shutdown="Stop")
    tenant.wait_for_reason("first", "Stopped")
    tenant.ready_agent("absent")
    follow(tenant, "second", "first", agent="absent")
    assert "without a conversation" in tenant.wait_for_reason("second", "ConversationNotFound").message
    assert tenant.get(AgentRun, "second").status.finished


@pytest.mark.parametrize(("path", "fork"), [(APPEND, False), (RESTART, True)], ids=["append", "restart"])
def test_worker_killed_after_the_provider_took_the_words_in(
    platform: Platform, tenant: Tenant, path: str, *, fork: bool
) -> None:
    tenant.ready_agent("reader")
    first = tenant.finished_run("first", "reader")
    hold = platform.standin.hold("POST", path, at="after", abandoned="finish", times=1)
    follow(tenant, "second", "first", fork=fork)
    platform.standin.wait_until_held(hold)
    platform.kill_workers(tenant.namespace)
    platform.standin.release(hold)
    tenant.wait("agentrun/second", "Succeeded")
    second = tenant.get(AgentRun, "second")
    assert said(conversation_of(tenant, second)) == [METER, AGAIN]
    assert len(tenant.conversations()) == (2 if fork else 1)
    assert said(conversation_of(tenant, first)) == ([METER] if fork else [METER, AGAIN])
    assert len(tenant.tool_calls()) == 2


def test_operator_killed_between_start_and_record_of_a_run_that_goes_on(
    platform: Platform, operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    tenant.finished_run("first", "reader")
    hold = platform.standin.hold("POST", APPEND, times=1)
    with platform.run_status_forbidden():
        follow(tenant, "second", "first")
        platform.standin.wait_until_held(hold)
        follow(tenant, "third", "first")
        operator.kill()
    operator.start()
    busy = tenant.wait_for_reason("third", "ConversationBusy")
    assert "AgentRun second" in busy.message
    platform.standin.release(hold)
    for name in ("second", "third"):
        tenant.wait(f"agentrun/{name}", "Succeeded")
    [conversation] = tenant.conversations()
    assert said(conversation) == [METER, AGAIN, AGAIN]


def test_a_local_run_goes_on_with_the_transcript_of_another(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader", session="Local")
    tenant.finished_run("first", "reader")
    second = followed(tenant, "second", "first")
    assert (second.status.conversation_id, len(tenant.tool_calls())) == (None, 2)
    [message] = [text for chat in platform.standin.chats() if AGAIN in (text := str(chat.request))]
    assert METER in message


@pytest.fixture
def swept(platform: Platform, processes: Processes, operator: Operator, tenant: Tenant) -> Iterator[Tenant]:
    """A namespace whose operator looks for conversations of runs that are gone all the time."""
    operator.stop()
    often = {
        "DURABLE_AGENTS_CONVERSATION_INTERVAL": "1s",
        "DURABLE_AGENTS_CONVERSATION_SETTLED": "2s",
    }
    sweeping = platform.operator(processes, name="sweeping", extra=often)
    sweeping.start()
    yield tenant
    sweeping.stop()
    operator.start()


def test_a_conversation_goes_with_the_last_run_of_it(swept: Tenant) -> None:
    swept.ready_agent("reader")
    kept = swept.finished_run("kept", "reader")
    first = swept.finished_run("first", "reader")
    second = followed(swept, "second", "first")
    branch = followed(swept, "branch", "first", fork=True)
    swept.delete("agentrun/first")
    all_ = {each.status.conversation_id for each in (kept, second, branch)}
    assert all({each.id for each in found} == all_ for found in stays(swept.conversations, seconds=5))
    swept.delete("agentrun/second")
    left = {kept.status.conversation_id, branch.status.conversation_id}
    eventually(lambda: {each.id for each in swept.conversations()}, lambda found: found == left)
    assert first.status.conversation_id not in left
    assert condition(swept.get(AgentRun, "kept"), "Succeeded").status == "True"


def test_a_conversation_that_is_in_use_stays_though_the_run_before_expired(
    platform: Platform, swept: Tenant
) -> None:
    swept.ready_agent("reader")
    swept.finished_run("first", "reader")
    hold = platform.standin.hold("POST", APPEND, times=1)
    follow(swept, "second", "first")
    platform.standin.wait_until_held(hold)
    swept.delete("agentrun/first")
    assert all(len(found) == 1 for found in stays(swept.conversations, seconds=4))
    platform.standin.release(hold)
    swept.wait("agentrun/second", "Succeeded")
    swept.delete("agentrun/second")
    eventually(swept.conversations, lambda found: found == ())


def test_a_conversation_that_is_to_be_retained_stays(swept: Tenant) -> None:
    swept.ready_agent("keeper", conversation={"retention": "Retain"})
    swept.ready_agent("reader")
    kept, gone = (swept.finished_run(agent, agent) for agent in ("keeper", "reader"))
    assert kept.status.conversation_id != gone.status.conversation_id
    for agent in ("keeper", "reader"):
        swept.delete(f"agentrun/{agent}")
    [left] = eventually(swept.conversations, lambda found: len(found) == 1)
    assert left.id == kept.status.conversation_id
    assert all(len(found) == 1 for found in stays(swept.conversations, seconds=3))
