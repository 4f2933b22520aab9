"""Names outside the cluster: each under its installation, and read back for what it is."""

import pytest

from agents_crds.contract.names import (
    RunIdentity,
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
    ],
)
def test_other_workflows_are_no_runs(workflow_id: str) -> None:
    assert RunIdentity.of_workflow(workflow_id) is None


def test_worker_deployment_has_no_character_that_temporal_refuses() -> None:
    assert not set(worker_deployment("prod", "default", "gpu-1")) & set(".:")
