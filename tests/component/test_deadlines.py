"""Runs that must start soon or not at all."""

import time

from agents_crds.v1alpha1 import AgentRun
from tests.component.platform import Operator
from tests.component.tenant import Tenant
from tests.user import condition, eventually


def test_run_that_waits_too_long_for_its_agent_fails_at_its_deadline_and_stays_so(tenant: Tenant) -> None:
    tenant.apply_run("late", "reader", startingDeadlineSeconds=8)
    tenant.wait_for_reason("late", "AgentNotFound")
    late = eventually(lambda: tenant.get(AgentRun, "late"), lambda run: bool(run.status.finished))
    end = condition(late, "Succeeded")
    assert (end.status, end.reason) == ("False", "StartingDeadlineExceeded")
    assert "AgentNotFound: there is no Agent reader" in end.message
    tenant.ready_agent("reader")
    tenant.finished_run("next", "reader", startingDeadlineSeconds=600)
    assert tenant.get(AgentRun, "late").status.workflow_id is None
    tenant.assert_done_once()


def test_run_whose_deadline_passes_while_no_operator_runs_is_not_started(
    operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    operator.stop()
    tenant.apply_run("late", "reader", startingDeadlineSeconds=1)
    tenant.apply_run("patient", "reader", startingDeadlineSeconds=1)
    # What was too short can be moved as long as the run waits.
    tenant.apply_run("patient", "reader", startingDeadlineSeconds=600)
    time.sleep(2)
    operator.start()
    tenant.wait("agentrun/patient", "Succeeded")
    late = eventually(lambda: tenant.get(AgentRun, "late"), lambda run: bool(run.status.finished))
    end = condition(late, "Succeeded")
    assert end.reason == "StartingDeadlineExceeded"
    assert "the operator did not look at it in time" in end.message
    tenant.assert_done_once()
