"""Objects that come back from a backup or from git: docs/gitops.md says the same."""

from agents_crds.v1alpha1 import Agent, AgentRun
from tests.component.platform import Operator, Platform
from tests.component.tenant import Tenant
from tests.user import eventually

NO_STATUS = '[{"op": "remove", "path": "/status"}]'


def lose(tenant: Tenant, kind: str, name: str) -> None:
    """Take an object away as the loss of a cluster does: nobody sees it go."""
    tenant.kubectl("patch", kind, name, "--type=merge", "--patch", '{"metadata": {"finalizers": null}}')
    tenant.delete(f"{kind}/{name}")


def test_agent_created_anew_takes_its_remote_agent(operator: Operator, tenant: Tenant) -> None:
    before = tenant.ready_agent("reader")
    operator.stop()
    lose(tenant, "agent", "reader")
    tenant.apply_agent("reader")
    operator.start()
    tenant.wait("agent/reader", "Ready")
    after = tenant.get(Agent, "reader")
    assert after.metadata.uid != before.metadata.uid
    assert after.status.remote == before.status.remote
    assert len(tenant.remote_agents()) == 1


def test_finished_run_created_anew_runs_again(operator: Operator, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    before = tenant.finished_run("rates", "reader")
    operator.stop()
    lose(tenant, "agentrun", "rates")
    tenant.apply_run("rates", "reader")
    operator.start()
    tenant.wait("agentrun/rates", "Succeeded")
    assert tenant.get(AgentRun, "rates").status.workflow_id != before.status.workflow_id
    assert len(tenant.tool_calls()) == 2


def test_going_run_created_anew_runs_again_and_its_old_workflow_is_stopped(
    platform: Platform, operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("rates", "reader")
    platform.standin.wait_until_held(hold)
    old = tenant.workflow_of("rates")
    operator.stop()
    lose(tenant, "agentrun", "rates")
    tenant.apply_run("rates", "reader")
    operator.start()
    tenant.wait("agentrun/rates", "Succeeded")
    eventually(lambda: platform.workflow_status(old), lambda status: status in {"CANCELED", "TERMINATED"})
    platform.standin.release(hold)


def test_run_of_the_same_uid_without_status_is_found_by_its_workflow(
    operator: Operator, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    before = tenant.finished_run("rates", "reader")
    operator.stop()
    tenant.kubectl("patch", "agentrun", "rates", "--subresource=status", "--type=json", "--patch", NO_STATUS)
    assert tenant.get(AgentRun, "rates").status.workflow_id is None
    operator.start()
    tenant.wait("agentrun/rates", "Succeeded")
    after = tenant.get(AgentRun, "rates")
    assert after.status.workflow_id == before.status.workflow_id
    assert after.status.output == before.status.output
    tenant.assert_done_once()
