"""Stored objects are read leniently; what a user writes can be checked as strictly as the API server does."""

import pytest
from pydantic import JsonValue, ValidationError

from agents_crds.v1alpha1 import Agent, AgentRun, ModelProvider, StoredObject, WorkerPool
from agents_crds.v1alpha1.agentrun import RunLimits

AGENT: dict[str, JsonValue] = {
    "apiVersion": "durable-agents.dev/v1alpha1",
    "kind": "Agent",
    "metadata": {
        "name": "finance",
        "namespace": "default",
        "uid": "u",
        "resourceVersion": "7",
        "labels": {"a": "b"},
    },
    "spec": {"model": "mistral-medium-latest", "tools": [{"function": {"name": "get_rate"}}]},
    "status": {"conditions": []},
}
RUN: dict[str, JsonValue] = {
    "metadata": {"name": "rates-1"},
    "spec": {"agentRef": {"name": "finance"}, "input": "?"},
}
PROVIDER: dict[str, JsonValue] = {
    "metadata": {"name": "default"},
    "spec": {"apiKeySecretRef": {"name": "mistral"}},
}
POOL: dict[str, JsonValue] = {
    "metadata": {"name": "default"},
    "spec": {"template": {"spec": {"containers": [{"name": "worker", "image": "workers:1"}]}}},
}

every_kind = pytest.mark.parametrize(
    ("model", "stored"), [(Agent, AGENT), (AgentRun, RUN), (ModelProvider, PROVIDER), (WorkerPool, POOL)]
)


def with_unknown_fields(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            # What is unknown in a pod template is Kubernetes' own.
            known = {
                key: child if key == "template" else with_unknown_fields(child)
                for key, child in value.items()
            }
            return {"fromANewerRelease": {"x": 1}, **known}
        case list():
            return [with_unknown_fields(item) for item in value]
        case _:
            return value


@every_kind
def test_unknown_fields_of_a_stored_object_are_ignored(model: type[StoredObject], stored: JsonValue) -> None:
    assert model.model_validate(with_unknown_fields(stored)) == model.model_validate(stored)


@every_kind
def test_object_is_read_back_as_it_was_written(model: type[StoredObject], stored: JsonValue) -> None:
    read = model.model_validate(stored)
    assert model.model_validate(read.manifest()) == read


def test_absent_fields_have_the_defaults_of_the_manifest() -> None:
    spec = Agent.model_validate(AGENT).spec
    assert spec.limits.manifest() == {"maxTurns": 10, "timeout": "1h", "outputRetries": 2}
    assert (spec.provider_ref.name, spec.worker_pool_ref.name) == ("default", "default")
    assert (spec.deletion_policy, spec.suspend) == ("Delete", False)
    assert ModelProvider.model_validate(PROVIDER).spec.url == "https://api.mistral.ai"
    assert WorkerPool.model_validate(POOL).spec.replicas == 1


def test_null_means_absence() -> None:
    optional = ("description", "tools", "completion", "limits", "suspend")
    bare = {"model": "mistral-medium-latest"}
    nulls = AGENT | {"spec": bare | dict.fromkeys(optional)}
    assert Agent.model_validate(nulls) == Agent.model_validate(AGENT | {"spec": bare})


def test_null_of_a_required_field_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"exactly one of model and remote"):
        Agent.model_validate(AGENT | {"spec": {"model": None}})


@pytest.mark.parametrize("unknown", [{"modle": "x"}, {"modle": None}, {"deletion_policy": "Retain"}])
def test_strict_reading_refuses_unknown_fields(unknown: dict[str, JsonValue]) -> None:
    written = {"metadata": {"name": "finance"}, "spec": {"model": "m"} | unknown}
    with pytest.raises(ValidationError, match=next(iter(unknown))):
        Agent.model_validate(written, extra="forbid", by_name=False)


@pytest.mark.parametrize(("written", "read"), [(10, 10), (10.0, 10), (10.000000001, 10)])
def test_whole_number_is_read_however_json_writes_it(written: float, read: int) -> None:
    # 10.000000001 too: the API server takes it for whole, and stores it as it is.
    assert RunLimits.model_validate({"maxTurns": written}).max_turns == read


@pytest.mark.parametrize(
    "written", [True, "10", 10.5, 0.9999999999, 1000.000000001, 1e300, float("nan"), float("inf"), [10]]
)
def test_other_values_are_no_whole_number(written: object) -> None:
    with pytest.raises(ValidationError, match="maxTurns"):
        RunLimits.model_validate({"maxTurns": written})


def test_condition_type_comes_once() -> None:
    condition: JsonValue = {
        "type": "Ready",
        "status": "True",
        "reason": "Synced",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    with pytest.raises(ValidationError, match="type 'Ready' must not come twice"):
        Agent.model_validate(AGENT | {"status": {"conditions": [condition, condition]}})


def test_null_inside_a_tools_parameters_is_kept() -> None:
    parameters: JsonValue = {"properties": {"day": {"default": None}}}
    tool: dict[str, JsonValue] = {"name": "get_rate", "parameters": parameters, "timeout": "1m"}
    pool = WorkerPool.model_validate(POOL | {"status": {"tools": [tool]}})
    assert pool.status.manifest()["tools"] == [
        {**tool, "description": "", "idempotent": False, "polling": False, "parameters": parameters}
    ]


def test_pod_template_is_kept_as_it_was_written() -> None:
    template: JsonValue = {
        "metadata": {"creationTimestamp": None, "labels": {"team": "rates"}, "finalizers": []},
        "spec": {
            "containers": [
                {"name": "worker", "image": "w:1", "env": [{"name": "POD", "valueFrom": {"fieldRef": {}}}]},
                {"name": "proxy", "image": "p:1", "resources": {"limits": None}, "ports": [{}]},
            ],
            "others": {"rest": 1},
            "imagePullSecrets": [{"name": "registry"}],
            "hostNetwork": False,
        },
    }
    read = WorkerPool.model_validate({**POOL, "spec": {"template": template}}, extra="forbid", by_name=False)
    assert read.spec.template.manifest() == template
