import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRunStatus
from agents_operator.kubernetes.errors import (
    ApiServerError,
    ConflictError,
    ForbiddenError,
    GoneError,
    RejectedError,
)
from agents_operator.kubernetes.resources import AGENT_RUNS
from tests.unit.operator.kubernetes.scripted import (
    CONFLICT,
    FAILED_TEST,
    GONE,
    INVALID,
    ScriptedServer,
    failure,
)
from tests.unit.operator.objects import run

DENIED_BY_WEBHOOK = failure("admission webhook denied the request: too many runs")
NOT_ALLOWED = failure('agentruns "rates-1" is forbidden', {"name": "rates-1"})


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(404, GONE, GoneError, id="absent"),
        pytest.param(409, CONFLICT, ConflictError, id="newer version stored"),
        pytest.param(422, FAILED_TEST, ConflictError, id="another object of that name"),
        pytest.param(422, INVALID, RejectedError, id="invalid"),
        pytest.param(422, DENIED_BY_WEBHOOK, RejectedError, id="denied by a webhook"),
        pytest.param(400, DENIED_BY_WEBHOOK, RejectedError, id="denied by a webhook, as bad request"),
        pytest.param(413, failure("etcdserver: request is too large"), RejectedError, id="too large"),
        pytest.param(403, NOT_ALLOWED, ForbiddenError, id="not allowed"),
        pytest.param(401, failure("Unauthorized"), ApiServerError, id="unknown to the server"),
        pytest.param(410, failure("The provided continue parameter is too old"), ApiServerError, id="late"),
        pytest.param(429, failure("too many requests"), ApiServerError, id="busy"),
        pytest.param(500, failure("etcdserver: no leader"), ApiServerError, id="broken"),
        pytest.param(504, failure("timed out"), ApiServerError, id="slow"),
    ],
)
async def test_answer_becomes_an_error_that_says_what_to_do(
    status: int, body: JsonValue, kind: type[ApiServerError]
) -> None:
    async with ScriptedServer() as server:
        server.will_answer(status, body)
        with pytest.raises(ApiServerError) as refusal:
            await server.api.write_status(AGENT_RUNS, run(), AgentRunStatus(turns=1))
    assert type(refusal.value) is kind
    assert refusal.value.status == status
    assert isinstance(body, dict)
    assert refusal.value.message == body["message"]


@pytest.mark.parametrize("content", [b"upstream connect error", b"", b"[]", b"\xff\xfe"])
async def test_answer_of_something_else_than_the_api_server_is_an_error_too(content: bytes) -> None:
    async with ScriptedServer() as server:
        server.will_say(503, content)
        with pytest.raises(ApiServerError, match="503"):
            await server.api.request("GET", "version")


async def test_absent_object_is_none() -> None:
    async with ScriptedServer() as server:
        server.will_answer(404, GONE)
        assert await server.api.get(AGENT_RUNS, "team", "rates-1") is None


async def test_status_is_written_to_the_very_object_in_the_version_that_was_read() -> None:
    stored = run(uid="u-1", resourceVersion="41")
    async with ScriptedServer() as server:
        server.will_answer(200, run(uid="u-1", resourceVersion="42").manifest())
        fresh = await server.api.write_status(AGENT_RUNS, stored, AgentRunStatus(turns=1))
        (asked,) = server.asked
    assert fresh.metadata.resource_version == "42"
    assert asked.path == "/apis/durable-agents.dev/v1alpha1/namespaces/team/agentruns/rates-1/status"
    assert (asked.method, asked.content_type) == ("PATCH", "application/json-patch+json")
    assert asked.body == [
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "41"},
        {"op": "add", "path": "/status", "value": AgentRunStatus(turns=1).manifest()},
    ]


async def test_finalizers_are_written_in_the_version_that_was_read() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, run().manifest())
        await server.api.write_finalizers(AGENT_RUNS, run(uid="u-1", resourceVersion="41"), ("one", "two"))
        (asked,) = server.asked
    assert asked.body == {"metadata": {"uid": "u-1", "resourceVersion": "41", "finalizers": ["one", "two"]}}


def page(*items: JsonValue, more: str = "") -> JsonValue:
    return {"metadata": {"continue": more} if more else {}, "items": list(items)}


async def test_list_is_read_page_by_page() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, page(run("a").manifest(), run("b").manifest(), more="next"))
        server.will_answer(200, page(run("c").manifest()))
        pages = [
            [found.metadata.name for found in found_page]
            async for found_page in server.api.pages(AGENT_RUNS, field_selector="status.finished!=true")
        ]
        first, second = server.asked
    assert pages == [["a", "b"], ["c"]]
    assert first.path == "/apis/durable-agents.dev/v1alpha1/agentruns"
    assert first.query == {"limit": "500", "fieldSelector": "status.finished!=true"}
    assert second.query == first.query | {"continue": "next"}


async def test_object_that_does_not_parse_hides_no_other() -> None:
    broken = run("broken").manifest() | {"spec": {}}
    async with ScriptedServer() as server:
        server.will_answer(200, page(run("a").manifest(), broken, run("c").manifest()))
        (found,) = [found async for found in server.api.pages(AGENT_RUNS, namespace="team")]
    assert [stored.metadata.name for stored in found] == ["a", "c"]


@pytest.mark.parametrize("levels", [250, 900])
async def test_object_that_is_nested_as_deep_as_nobody_would_hides_no_other(levels: int) -> None:
    deep: JsonValue = {}
    for _ in range(levels):
        deep = {"properties": deep}
    agent = {"metadata": run("deep").manifest()["metadata"], "spec": {"model": "m", "outputSchema": deep}}
    async with ScriptedServer() as server:
        server.will_answer(200, page(agent, run("a").manifest()))
        (found,) = [found async for found in server.api.pages(AGENT_RUNS)]
    assert [stored.metadata.name for stored in found] == ["a"]


async def test_list_that_fails_in_the_middle_raises() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, page(run("a").manifest(), more="next"))
        server.will_answer(410, failure("The provided continue parameter is too old"))
        with pytest.raises(ApiServerError, match="410"):
            _ = [found async for found in server.api.pages(AGENT_RUNS)]


async def test_expired_runs_of_one_namespace_go_in_one_request() -> None:
    async with ScriptedServer() as server:
        server.will_answer(200, {})
        await server.api.delete_all(AGENT_RUNS, "team", field_selector="status.expires=2026-03-01T12:00Z")
        (asked,) = server.asked
    assert asked.method == "DELETE"
    assert asked.path == "/apis/durable-agents.dev/v1alpha1/namespaces/team/agentruns"
    assert asked.query == {"fieldSelector": "status.expires=2026-03-01T12:00Z"}
