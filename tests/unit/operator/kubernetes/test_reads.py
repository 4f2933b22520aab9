"""Reads of what is not ours: Secrets, ConfigMaps, Deployments and the version."""

import base64

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.errors import UnsupportedServerError
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.deployments import Deployments
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
    assert asked.query == {"fieldManager": "durable-agents-operator", "force": "true"}


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
