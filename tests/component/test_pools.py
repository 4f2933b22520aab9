"""WorkerPools: builds of workers come and go, and every run stays with the one it started on."""

from agents_crds.v1alpha1 import WorkerPool
from tests.component.platform import Platform
from tests.component.tenant import Tenant, pool_spec
from tests.user import eventually, manifest

# A version of a worker deployment is drained some seconds after its last workflow, and looked at every 30 s.
SECONDS_TO_DRAIN = 60


def test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    old = build(tenant)
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("early", "reader")
    platform.standin.wait_until_held(hold)
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log, EDITION="second")))
    new = eventually(lambda: build(tenant), lambda seen: seen != old)
    tenant.finished_run("late", "reader")
    assert platform.workflow_build(tenant.workflow_of("late")) == new
    assert deployments(tenant) == {f"default-{old}", f"default-{new}"}
    platform.standin.release(hold)
    tenant.wait("agentrun/early", "Succeeded")
    assert platform.workflow_build(tenant.workflow_of("early")) == old
    eventually(lambda: deployments(tenant), lambda seen: seen == {f"default-{new}"}, timeout=SECONDS_TO_DRAIN)
    tenant.finished_run("last", "reader")


def build(tenant: Tenant) -> str | None:
    return tenant.get(WorkerPool, "default").status.build


def deployments(tenant: Tenant) -> set[str]:
    return set(tenant.kubectl("get", "deployments", "--output=jsonpath={.items[*].metadata.name}").split())
