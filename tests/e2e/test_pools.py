"""WorkerPools as pods: images of users, good ones and broken ones."""

import pytest

from agents_crds.v1alpha1 import AgentRun, WorkerPool
from tests.e2e.tenant import PATIENCE, NewTenant, Tenant
from tests.user import condition, eventually

NO_SUCH_IMAGE = "durable-agents/no-such-image:1"


@pytest.mark.smoke
def test_run_uses_a_python_tool_of_an_image_built_from_ours(tenant: Tenant) -> None:
    tenant.ready_agent()
    tenant.apply_run("rates")
    tenant.succeeded("rates")
    assert [tool.name for tool in tenant.get(WorkerPool, "default").status.tools] == ["get_interest_rate"]
    output = tenant.get(AgentRun, "rates").status.output
    assert output is not None
    assert "(ECB, 2023)" in output.text
    tenant.assert_done_once()


@pytest.mark.smoke
def test_pool_with_a_broken_image_says_why_and_its_runs_wait(new_tenant: NewTenant, rates_image: str) -> None:
    tenant = new_tenant(image=NO_SUCH_IMAGE)
    tenant.apply_agent()
    tenant.apply_run("patient")
    ready = eventually(
        lambda: condition(tenant.get(WorkerPool, "default"), "Ready"),
        lambda found: found.reason == "ImagePullFailed",
        timeout=PATIENCE,
    )
    assert NO_SUCH_IMAGE in ready.message
    assert tenant.wait_for_reason("patient", "AgentNotReady").status == "Unknown"
    tenant.apply_pool(rates_image)
    tenant.succeeded("patient")


def test_pool_whose_tools_cannot_be_imported_says_so_while_the_build_before_serves(
    tenant: Tenant, rates_image: str
) -> None:
    tenant.ready_agent()
    tenant.apply_pool(rates_image, modules="no_such_module")
    progressing = eventually(
        lambda: condition(tenant.get(WorkerPool, "default"), "Progressing"),
        lambda found: found.reason == "WorkerCrashing",
        timeout=PATIENCE,
    )
    assert "no_such_module" in progressing.message
    tenant.apply_run("meanwhile")
    tenant.succeeded("meanwhile")
