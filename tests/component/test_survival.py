"""Processes that are killed: runs end right, and nothing that was recorded is done again."""

from agents_crds.v1alpha1 import AgentRun
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.user import condition, eventually


def test_worker_killed_between_two_model_calls(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations/*", times=1)
    tenant.apply_run("tough", "reader")
    platform.standin.wait_until_held(hold)
    platform.kill_workers(tenant.namespace)
    platform.standin.release(hold)
    tenant.wait("agentrun/tough", "Succeeded")
    tenant.assert_done_once()
    assert len(tenant.tool_calls()) == 1


def test_worker_killed_after_the_model_answered_and_before_it_was_recorded(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", at="after", abandoned="finish", times=1)
    tenant.apply_run("tough", "reader")
    platform.standin.wait_until_held(hold)
    platform.kill_workers(tenant.namespace)
    platform.standin.release(hold)
    tenant.wait("agentrun/tough", "Succeeded")
    tenant.assert_done_once()


def test_tool_that_died_with_its_worker_is_not_called_again(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("payer", tools=[{"function": {"name": "transfer_money"}}])
    tenant.tool_gate.touch()
    tenant.apply_run("payment", "payer", "Please transfer money: 250 euros.")
    eventually(tenant.tool_calls, lambda calls: len(calls) == 1)
    platform.kill_workers(tenant.namespace)
    tenant.tool_gate.unlink()
    tenant.wait("agentrun/payment", "Succeeded")
    run = tenant.get(AgentRun, "payment")
    assert len(tenant.tool_calls()) == 1
    assert run.status.output is not None
    assert "interrupted" in run.status.output.text


def test_operator_killed_before_it_starts_the_run(operator: Operator, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    operator.kill()
    tenant.apply_run("tough", "reader")
    operator.start()
    tenant.wait("agentrun/tough", "Succeeded")
    tenant.assert_done_once()


def test_operator_killed_between_start_and_record(
    platform: Platform, operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    with platform.run_status_forbidden():
        tenant.apply_run("tough", "reader")
        # The workflow is going, and the operator could not record it.
        platform.standin.wait_until_held(hold)
        assert tenant.get(AgentRun, "tough").status.workflow_id is None
        operator.kill()
    # What is recorded must be what was started, not what would be started now.
    tenant.apply_agent("reader", instructions="Answer in French.")
    operator.start()
    recorded = eventually(
        lambda: tenant.get(AgentRun, "tough"), lambda run: run.status.workflow_id is not None
    )
    assert recorded.status.agent is not None
    assert recorded.status.agent.version == 0
    platform.standin.release(hold)
    tenant.wait("agentrun/tough", "Succeeded")
    tenant.assert_done_once()


def test_operator_killed_before_the_report(platform: Platform, operator: Operator, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations/*", times=1)
    tenant.apply_run("tough", "reader")
    platform.standin.wait_until_held(hold)
    operator.kill()
    platform.standin.release(hold)
    # The answer is in the history, and only the report is left.
    eventually(
        lambda: platform.pending_activities(tenant.workflow_of("tough")), lambda found: found == ("report",)
    )
    operator.start()
    tenant.wait("agentrun/tough", "Succeeded")
    assert condition(tenant.get(AgentRun, "tough"), "Succeeded").reason == "Succeeded"
    tenant.assert_done_once()


def test_run_deleted_while_the_operator_is_down_has_its_workflow_stopped(
    platform: Platform, operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("unwanted", "reader")
    platform.standin.wait_until_held(hold)
    workflow = tenant.workflow_of("unwanted")
    operator.stop()
    tenant.delete("agentrun/unwanted")
    assert platform.workflow_status(workflow) == "RUNNING"
    operator.start()
    # Nobody told the new operator of the run: only the comparison with Temporal finds its workflow.
    eventually(
        lambda: platform.workflow_status(workflow), lambda status: status in {"CANCELED", "TERMINATED"}
    )
    platform.standin.release(hold)


def test_operator_killed_while_it_creates_a_remote_agent_makes_no_second_one(
    platform: Platform, operator: Operator, tenant: Tenant
) -> None:
    hold = platform.standin.hold("POST", "/v1/agents", at="after", abandoned="finish", times=1)
    tenant.apply_agent("reader")
    platform.standin.wait_until_held(hold)
    operator.kill()
    platform.standin.release(hold)
    operator.start()
    tenant.wait("agent/reader", "Ready")
    assert len(tenant.remote_agents()) == 1


def test_operator_says_that_it_is_alive_and_ready(operator: Operator) -> None:
    assert operator.answers("healthz") == (200, "ok\n")
    assert operator.answers("readyz") == (200, "ok\n")


def test_operator_ends_by_itself_when_asked_to(operator: Operator) -> None:
    before = len(operator.log)
    # What it is at may end.
    assert operator.asked_to_end(within=8)
    assert "ERROR" not in operator.log[before:]
    assert "Traceback" not in operator.log[before:]
