"""Names outside the cluster: each under its installation, and read back for what it is."""

import re

import pytest

from agents_crds.contract.names import (
    TOOL_NAME_LIMIT,
    RunIdentity,
    mcp_tool_name,
    mcp_workflow_id,
    operator_queue,
    pool_queue,
    probe_workflow_id,
    provider_queue,
    secret_path,
    worker_deployment,
)

UID = "5f0c2a52-6a4c-4f5e-8f0e-1b1c0a5a9d11"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (RunIdentity("prod", "default", UID).workflow_id, f"prod/default/{UID}"),
        (operator_queue("prod"), "prod/operator"),
        (pool_queue("prod", "default", "gpu"), "prod/default/pools/gpu"),
        (provider_queue("prod", "default", "mistral"), "prod/default/providers/mistral"),
        (worker_deployment("prod", "default", "gpu"), "prod/default/gpu"),
        (secret_path("mistral", "api-key"), "mistral/api-key"),
        (probe_workflow_id("prod", "default", "gpu", "3f9a"), "prod/default/probes/gpu/3f9a"),
        (mcp_workflow_id("prod", "default", "yahoo", "describe"), "prod/default/mcp/yahoo/describe"),
        (mcp_tool_name("yahoo-finance", "get_quote"), "yahoo-finance_get_quote"),
    ],
)
def test_names_are_as_the_design_says(name: str, expected: str) -> None:
    assert name == expected


def test_run_is_known_by_its_workflow() -> None:
    run = RunIdentity("prod", "default", UID)
    assert RunIdentity.of_workflow(run.workflow_id) == run


@pytest.mark.parametrize(
    "workflow_id",
    [
        "",
        "prod",
        "prod/default",
        f"prod/default/{UID}/loop",
        f"prod//{UID}",
        f"/default/{UID}",
        "prod/default/",
        probe_workflow_id("prod", "default", "gpu", "3f9a"),
        mcp_workflow_id("prod", "default", "yahoo", "describe"),
    ],
)
def test_other_workflows_are_no_runs(workflow_id: str) -> None:
    assert RunIdentity.of_workflow(workflow_id) is None


def test_worker_deployment_has_no_character_that_temporal_refuses() -> None:
    assert not set(worker_deployment("prod", "default", "gpu-1")) & set(".:")


@pytest.mark.parametrize("tool", ["x" * 100, "get.quote", "cotação", "a b", "\ud800", "", "-"])
def test_model_is_given_a_name_that_it_takes(tool: str) -> None:
    assert re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{TOOL_NAME_LIMIT}}}", mcp_tool_name("yahoo", tool))


def test_longest_name_that_fits_stays_as_it_is() -> None:
    assert mcp_tool_name("a" * 30, "b" * 33) == f"{'a' * 30}_{'b' * 33}"


def test_tools_that_look_alike_keep_names_of_their_own() -> None:
    tools = ["get.quote", "get/quote", "get_quote", "x" * 99, "x" * 100]
    assert len({mcp_tool_name("yahoo", tool) for tool in tools}) == len(tools)
