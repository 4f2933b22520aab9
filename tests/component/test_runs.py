"""AgentRuns from apply to outcome."""

import re
from collections.abc import Iterator

import pytest
import yaml

from agents_crds.v1alpha1 import AgentRun
from tests.component.platform import Operator, Platform
from tests.component.tenant import METER, NewTenant, Tenant
from tests.user import condition, eventually, manifest
from tools.local import audit
from tools.local.processes import Processes

RUNS = 50


def test_answer_contains_what_the_tool_made_up(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    run = tenant.finished_run("reading", "reader")
    (call,) = tenant.tool_calls()
    assert run.status.output is not None
    assert call.value in run.status.output.text
    assert condition(run, "Succeeded").reason == "Succeeded"
    assert run.status.turns == 2
    assert run.status.usage is not None
    assert run.status.usage.total_tokens > 0


def test_listing_tells_the_story(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.finished_run("reading", "reader")
    header, row = tenant.kubectl("get", "agentruns").splitlines()
    assert header.split() == ["NAME", "AGENT", "SUCCEEDED", "REASON", "TURNS", "TOKENS", "DURATION", "AGE"]
    assert re.fullmatch(r"reading +reader +True +Succeeded +2 +\d+ +[\d.]+s +\d+s", row)


@pytest.fixture
def silent(platform: Platform, processes: Processes, operator: Operator) -> Iterator[Operator]:
    """An operator that tells nothing of runs that go, however long they take."""
    operator.stop()
    silent = platform.operator(processes, name="silent", extra={"DURABLE_AGENTS_PROGRESS_WRITES": "0"})
    silent.start()
    yield silent
    silent.stop()
    operator.start()


def test_fifty_runs_at_once_cost_one_conversation_and_two_writes_each(
    platform: Platform, tenant: Tenant, silent: Operator
) -> None:
    assert silent.runs
    tenant.ready_agent("reader")
    names = [f"run-{number}" for number in range(RUNS)]
    tenant.apply(
        *(manifest("AgentRun", name, {"agentRef": {"name": "reader"}, "input": METER}) for name in names)
    )
    for name in names:
        tenant.wait(f"agentrun/{name}", "Succeeded", timeout=120)
    conversations = {conversation.id for conversation in tenant.conversations()}
    counts = platform.standin.counters().conversations
    assert len(conversations) == RUNS
    assert [counts[each].appends for each in conversations] == [1] * RUNS
    assert [sum(counts[each].function_results.values()) for each in conversations] == [1] * RUNS
    assert len(tenant.tool_calls()) == RUNS
    requests = audit.requests(platform.control_plane.audit_log)
    verbs = [request.verb for request in requests if about_run(request, tenant)]
    assert verbs == ["patch"] * (2 * RUNS)


def about_run(request: audit.Request, tenant: Tenant) -> bool:
    about = request.object_ref
    return about is not None and about.resource == "agentruns" and about.namespace == tenant.namespace


def test_run_waits_for_its_agent_and_then_goes_on(tenant: Tenant) -> None:
    tenant.apply_run("early", "late")
    waiting = tenant.wait_for_reason("early", "AgentNotFound")
    assert waiting.status == "Unknown"
    assert "there is no Agent late" in waiting.message
    tenant.apply_agent("late")
    tenant.wait("agentrun/early", "Succeeded")


def test_recreated_run_never_gets_the_old_ones_outcome(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("again", "reader", f"{METER} First.")
    platform.standin.wait_until_held(hold)
    old = tenant.get(AgentRun, "again")
    old_workflow = tenant.workflow_of("again")
    tenant.delete("agentrun/again")
    new = tenant.finished_run("again", "reader", "Please read the meter 'south-3'.")
    platform.standin.release(hold)
    assert new.metadata.uid != old.metadata.uid
    assert new.status.output is not None
    assert "south-3" in new.status.output.text
    # Whatever the old workflow had to report, it has reported once it is closed.
    eventually(lambda: platform.workflow_status(old_workflow), lambda status: status != "RUNNING")
    assert tenant.get(AgentRun, "again").status == new.status


def test_deleted_run_stops_its_workflow(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations/*", times=1)
    tenant.apply_run("unwanted", "reader")
    platform.standin.wait_until_held(hold)
    workflow = tenant.workflow_of("unwanted")
    tenant.delete("agentrun/unwanted")
    eventually(lambda: platform.workflow_status(workflow), lambda status: status == "CANCELED")
    platform.standin.release(hold)


def test_deleted_run_without_workers_has_its_workflow_terminated(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.kubectl("patch", "workerpool/default", "--type=merge", '--patch={"spec":{"replicas":0}}')
    eventually(lambda: platform.worker_pids(tenant.namespace), lambda pids: not pids)
    tenant.apply_run("unwanted", "reader")
    workflow = tenant.workflow_of("unwanted")
    tenant.delete("agentrun/unwanted")
    eventually(lambda: platform.workflow_status(workflow), lambda status: status == "TERMINATED")


def test_workflow_terminated_in_temporal_fails_the_run(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("victim", "reader")
    platform.standin.wait_until_held(hold)
    workflow = tenant.workflow_of("victim")
    platform.terminate_workflow(workflow)
    tenant.wait("agentrun/victim", "Succeeded=False")
    assert condition(tenant.get(AgentRun, "victim"), "Succeeded").reason == "Terminated"
    platform.standin.release(hold)


def test_finished_run_is_deleted_when_its_time_is_over(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.apply_run("brief", "reader", ttlSecondsAfterFinished=0)
    tenant.kubectl("wait", "--for=delete", "agentrun/brief", "--timeout=100s")


def test_run_without_a_final_answer_keeps_what_was_collected(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.apply_run("short", "reader", limits={"maxTurns": 1})
    tenant.wait("agentrun/short", "Succeeded=False")
    run = tenant.get(AgentRun, "short")
    assert condition(run, "Succeeded").reason == "MaxTurnsReached"
    assert run.status.turns == 1


def test_run_ends_at_its_timeout(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("slow", "reader", limits={"timeout": "2s"})
    tenant.wait("agentrun/slow", "Succeeded=False")
    platform.standin.release(hold)
    assert condition(tenant.get(AgentRun, "slow"), "Succeeded").reason == "TimedOut"


def test_frozen_field_is_refused_with_the_remedy(tenant: Tenant) -> None:
    tenant.apply_run("fixed", "nobody")
    changed = manifest("AgentRun", "fixed", {"agentRef": {"name": "nobody"}, "input": "other"})
    refusal = tenant.refusal("apply", "--filename=-", stdin=yaml.safe_dump(changed))
    assert "spec.input is frozen: create a new AgentRun" in refusal


def test_new_agent_in_a_new_namespace_is_ready_within_seconds(new_tenant: NewTenant) -> None:
    new_tenant().ready_agent("quick")
