"""What is not ours: Secrets, ConfigMaps, Deployments, pods and the version."""

import base64

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.errors import UnsupportedServerError
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.deployments import Deployments, InvalidDeploymentError
from agents_operator.kubernetes.errors import ApiServerError, ForbiddenError, RejectedError
from agents_operator.kubernetes.pods import Pods
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.kubernetes.version import require_selectable_fields
from tests.unit.operator.kubernetes.scripted import ScriptedServer, failure

KEY = SecretKeyRef(name="mistral")
MISSING = failure("not found", {"name": "it"})
EXISTS = failure("already exists", {"name": "it"})


def secret(**data: str) -> JsonValue:
    return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}}


@pytest.mark.parametrize(
    ("status", "body", "value"),
    [
        pytest.param(200, secret(**{"api-key": "sk-1"}), "sk-1", id="there"),
        pytest.param(200, secret(**{"api-key": "  sk-1\n"}), "sk-1", id="as an editor saves it"),
        pytest.param(200, secret(other="sk-1"), None, id="without the key"),
        pytest.param(200, {}, None, id="without any key"),
        pytest.param(404, MISSING, None, id="missing"),
    ],
)
async def test_secret_is_read_by_its_key(status: int, body: JsonValue, value: str | None) -> None:
    async with ScriptedServer() as server:
        server.will_answer(status, body)
        found = await Secrets(server.api).read("team", KEY)
        assert server.asked[0].path == "/api/v1/namespaces/team/secrets/mistral"
    assert (found and found.get_secret_value()) == value


async def test_secret_does_not_show_in_print() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, secret(**{"api-key": "sk-hunter2"}))
        assert "hunter2" not in repr(await Secrets(server.api).read("team", KEY))


@pytest.mark.parametrize(
    ("status", "body", "value"),
    [(200, {"data": {"id": "abc"}}, "abc"), (200, {"data": {}}, None), (200, {}, None), (404, MISSING, None)],
)
async def test_configmap_is_read_by_its_key(status: int, body: JsonValue, value: str | None) -> None:
    async with ScriptedServer() as server:
        server.will_answer(status, body)
        assert await ConfigMaps(server.api, "system").read("installation", "id") == value


async def test_value_is_put_into_a_configmap_that_exists() -> None:
    async with ScriptedServer() as server:
        server.will_answer(409, EXISTS)
        server.will_answer(200, {})
        await ConfigMaps(server.api, "system").put("orphans", "a", "1")
        assert server.requests == ["POST configmaps", "PATCH orphans"]
        assert server.asked[1].body == {"data": {"a": "1"}}


async def test_deployments_of_a_pool_are_its_own_and_say_which_build_they_run() -> None:
    labels: JsonValue = {"durable-agents.dev/pool": "gpu", "durable-agents.dev/build": "b1"}
    owners: JsonValue = [{"kind": "WorkerPool", "name": "gpu", "uid": "u1"}]
    ours: JsonValue = {"metadata": {"name": "gpu-b1", "labels": labels, "ownerReferences": owners}}
    somebodys: JsonValue = {"metadata": {"name": "web", "labels": labels}}
    async with ScriptedServer() as server:
        server.will_answer(200, {"items": [ours, somebodys]})
        (found,) = await Deployments(server.api).of_pool("team", "gpu", "u1")
        assert server.asked[0].query == {"labelSelector": "durable-agents.dev/pool=gpu"}
    assert (found.metadata.name, found.build) == ("gpu-b1", "b1")


async def test_deployment_is_applied_over_what_others_wrote() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {})
        await Deployments(server.api).apply("team", "gpu-b1", {"spec": {}})
        (asked,) = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/apis/apps/v1/namespaces/team/deployments/gpu-b1")
    assert asked.content_type == "application/apply-patch+yaml"
    assert asked.query == {
        "fieldManager": "durable-agents-operator",
        "force": "true",
        "fieldValidation": "Strict",
    }


APPLIED = "(team/gpu-b1; apps/v1, Kind=Deployment)"
UNTYPED = f"failed to create typed patch object {APPLIED}: "
WORKER = '.spec.template.spec.containers[name="worker"]'
INVALID = 'Deployment.apps "gpu-b1" is invalid: '
QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)$'"


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        pytest.param(
            500,
            f"{UNTYPED}{WORKER}.imagee: field not declared in schema",
            f"{WORKER[1:]}.imagee: field not declared in schema",
            id="unknown field",
        ),
        pytest.param(
            500,
            f'{UNTYPED}{WORKER}.env: duplicate entries for key [name="a"]',
            f'{WORKER[1:]}.env: duplicate entries for key [name="a"]',
            id="name that comes twice",
        ),
        pytest.param(
            500,
            f"failed to convert new object {APPLIED} to proper version: "
            f"unable to convert unstructured object to apps/v1, Kind=Deployment: {QUANTITY}",
            f"a quantity, as in resources, must be a number with a unit, such as 500m or 1Gi; {QUANTITY}",
            id="bad quantity",
        ),
        pytest.param(
            422,
            f'{INVALID}spec.template.spec.containers[0].volumeMounts[0].name: Not found: "v"',
            'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "v"',
            id="one thing wrong",
        ),
        pytest.param(
            422,
            f"{INVALID}[a.b: Required value, c: Not found]",
            "a.b: Required value, c: Not found",
            id="two",
        ),
        pytest.param(
            413,
            "Request entity too large: limit is 3145728",
            "Request entity too large: limit is 3145728",
            id="large",
        ),
    ],
)
async def test_invalid_deployment_is_told_by_its_fields(status: int, said: str, told: str) -> None:
    async with ScriptedServer() as server:
        server.will_answer(status, failure(said, {"name": "gpu-b1", "causes": [{}]}))
        with pytest.raises(InvalidDeploymentError) as invalid:
            await Deployments(server.api).apply("team", "gpu-b1", {})
    assert invalid.value.message == told


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        pytest.param(500, "etcdserver: request timed out", ApiServerError, id="outage"),
        pytest.param(
            422,
            'deployments.apps "gpu-b1" is forbidden: '
            "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            RejectedError,
            id="admission policy",
        ),
        pytest.param(400, 'admission webhook "w" denied the request: no', RejectedError, id="webhook"),
        pytest.param(
            403, "deployments.apps is forbidden: User cannot patch", ForbiddenError, id="missing right"
        ),
    ],
)
async def test_deployment_that_is_refused_for_another_reason_is_not_called_invalid(
    status: int, said: str, error: type[ApiServerError]
) -> None:
    async with ScriptedServer() as server:
        server.will_answer(status, failure(said, {"name": "gpu-b1", "causes": [{}]}))
        with pytest.raises(error) as refused:
            await Deployments(server.api).apply("team", "gpu-b1", {})
    assert not isinstance(refused.value, InvalidDeploymentError)


async def test_pods_of_a_build_are_those_that_stay() -> None:
    stays: JsonValue = {"metadata": {"name": "a"}, "status": {"phase": "Running"}}
    goes: JsonValue = {"metadata": {"name": "b", "deletionTimestamp": "2026-03-01T12:00:00Z"}}
    evicted: JsonValue = {"metadata": {"name": "c"}, "status": {"phase": "Failed", "reason": "Evicted"}}
    async with ScriptedServer() as server:
        server.will_answer(200, {"items": [stays, goes, evicted]})
        found = await Pods(server.api).of_build("team", "gpu", "b1")
        (asked,) = server.asked
    assert [pod.metadata.name for pod in found] == ["a"]
    assert asked.path == "/api/v1/namespaces/team/pods"
    assert asked.query == {"labelSelector": "durable-agents.dev/pool=gpu,durable-agents.dev/build=b1"}


async def test_deployment_that_is_gone_needs_no_deletion() -> None:
    async with ScriptedServer() as server:
        server.will_answer(404, MISSING)
        await Deployments(server.api).delete("team", "gpu-b1")


@pytest.mark.parametrize("minor", ["31", "34", "31+"])
async def test_api_server_with_selectable_fields_is_served(minor: str) -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {"major": "1", "minor": minor})
        await require_selectable_fields(server.api)


@pytest.mark.parametrize("minor", ["30", "30+"])
async def test_older_api_server_is_refused_by_its_version(minor: str) -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {"major": "1", "minor": minor})
        with pytest.raises(UnsupportedServerError, match=r"1\.31 or later"):
            await require_selectable_fields(server.api)
