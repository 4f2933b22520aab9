"""The worker of the last release under the operator of today, as after an upgrade whose images lag behind."""

from pathlib import Path

import pytest
from pydantic import JsonValue

from agents_crds.contract import OLDEST_CONTRACT
from agents_crds.v1alpha1 import Agent, AgentRun, WorkerPool
from agents_operator.pools.contract import spoken_contract
from tests.component.platform import Platform
from tests.component.tenant import TEST_MODULES, Tenant, pool_spec
from tests.releases import extract_last_release
from tests.user import condition, eventually, manifest
from tools.parts.catalog import ROOT

SCHEMA: JsonValue = {"type": "object", "properties": {"meter": {"type": "string"}}, "required": ["meter"]}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the last release."""
    directory = tmp_path_factory.mktemp("release")
    extract_last_release(directory)
    return directory


@pytest.fixture
def old_pool(tenant: Tenant, released: Path) -> Tenant:
    """A namespace whose pool runs the released worker, with today's dependencies."""
    path = f"{released / 'crds' / 'src'}:{released / 'worker' / 'src'}:{ROOT}"
    spec = pool_spec(tenant.tool_log, TEST_MODULES, PYTHONPATH=path)
    tenant.apply(manifest("WorkerPool", "default", spec))
    eventually(
        lambda: tenant.get(WorkerPool, "default"),
        lambda pool: (
            spoken_contract(pool) == OLDEST_CONTRACT
            and condition(pool, "Progressing").reason == "RolloutComplete"
        ),
    )
    return tenant


def test_released_worker_runs_agents_with_python_tools(platform: Platform, old_pool: Tenant) -> None:
    old_pool.ready_agent("reader")
    old_pool.finished_run("old", "reader")
    pool = old_pool.get(WorkerPool, "default")
    assert condition(pool, "Ready").status == "True"
    assert "read_meter" in {tool.name for tool in pool.status.tools}
    assert platform.workflow_build(old_pool.workflow_of("old")) == pool.status.build
    assert [call.tool for call in old_pool.tool_calls()] == ["read_meter"]
    old_pool.assert_done_once()


def test_what_the_released_worker_does_not_know_waits_for_another_image(old_pool: Tenant) -> None:
    old_pool.apply_agent("strict", outputSchema=SCHEMA)
    ready = eventually(
        lambda: condition(old_pool.get(Agent, "strict"), "Ready"), lambda seen: seen.reason == "WorkerTooOld"
    )
    assert "spec.outputSchema need workers of contract 2" in ready.message
    assert "rebuild its image on this release's worker" in ready.message
    old_pool.apply_run("patient", "strict")
    waiting = old_pool.wait_for_reason("patient", "AgentNotReady")
    assert waiting.status == "Unknown"
    old_pool.apply(manifest("WorkerPool", "default", pool_spec(old_pool.tool_log)))
    old_pool.wait("agentrun/patient", "Succeeded")
    output = old_pool.get(AgentRun, "patient").status.output
    assert output is not None
    assert isinstance(output.value, dict)
