"""The adapter, over the real SDK, against the stand-in and against servers that misbehave."""

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import httpx2
import pytest
from mistralai.client import Mistral
from mistralai.client.utils.logger import NoOpLogger
from pydantic import SecretStr

from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.mistral import (
    AgentDefinition,
    AgentIdentity,
    CompletionArguments,
    FunctionDefinition,
    MistralAgents,
    MistralConnections,
    ModelNotFoundError,
    NotFoundError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnreachableError,
    RemoteTool,
    Stamp,
)
from tests.standin.control import StandIn, rate_limited
from tests.standin.faults import AnswerWith, Cut, LoseResponse
from tests.unit.operator.bench import KEY, MODEL, NO_AUTHORITIES, edit_by_hand

IDENTITY = AgentIdentity("tests", "team-a", "finance")
STAMP = Stamp(installation="tests", namespace="team-a", name="finance", uid="uid-1", hash="hash-1")
TOOL = FunctionDefinition(
    name="get_rate",
    description="Returns a rate.",
    parameters=JsonSchema({"type": "object", "properties": {"year": {"type": "integer"}}}),
)
DEFINITION = AgentDefinition(
    model=MODEL,
    name=IDENTITY.remote_name,
    description="Answers questions.",
    instructions="Be brief.",
    tools=(TOOL,),
    completion=CompletionArguments(temperature=0.3, stop=("END",), max_tokens=100),
)
BARE = AgentDefinition(
    model=MODEL,
    name=IDENTITY.remote_name,
    description=None,
    instructions=None,
    tools=(),
    completion=CompletionArguments(),
)


@pytest.fixture
def mistral(http: httpx2.AsyncClient, standin: StandIn) -> MistralAgents:
    return MistralConnections(http).open(standin.url, SecretStr(KEY))


async def test_created_agent_reads_back_as_it_was_sent(mistral: MistralAgents) -> None:
    created = await mistral.create(DEFINITION, STAMP)
    read = await mistral.get(created.id)
    assert read == created
    assert read.version == 0
    assert read.shows(DEFINITION)
    assert not read.shows(BARE)
    assert read.stamp == STAMP
    assert read.tools == (RemoteTool(type="function", function=TOOL),)


async def test_update_replaces_and_clears_every_field(mistral: MistralAgents) -> None:
    created = await mistral.create(DEFINITION, STAMP)
    updated = await mistral.update(created.id, BARE, STAMP)
    assert updated.version == 1
    assert updated.shows(BARE)
    assert (await mistral.update(created.id, DEFINITION, STAMP)).shows(DEFINITION)


async def test_fields_set_by_somebody_else_are_noticed(mistral: MistralAgents, standin: StandIn) -> None:
    created = await mistral.create(BARE, STAMP)
    edit_by_hand(
        standin,
        created.id,
        completion_args={"response_format": {"type": "json_object"}},
        tools=[{"type": "web_search"}],
    )
    changed = await mistral.get(created.id)
    assert changed is not None
    assert changed.tools == (RemoteTool(type="web_search"),)
    assert not changed.shows(BARE)
    assert (await mistral.update(created.id, BARE, STAMP)).shows(BARE)


async def test_missing_agent_is_none_and_its_deletion_does_nothing(mistral: MistralAgents) -> None:
    assert await mistral.get("ag_missing") is None
    await mistral.delete("ag_missing")
    with pytest.raises(NotFoundError):
        await mistral.update("ag_missing", BARE, STAMP)


async def test_deleted_agent_is_gone(mistral: MistralAgents, standin: StandIn) -> None:
    created = await mistral.create(BARE, STAMP)
    await mistral.delete(created.id)
    assert standin.agents() == ()


async def test_search_finds_the_agents_of_one_identity_only(mistral: MistralAgents) -> None:
    own = await mistral.create(BARE, STAMP)
    for foreign in (
        {"installation": "others"},
        {"namespace": "team-b"},
        {"name": "finance-2"},
    ):
        await mistral.create(BARE, STAMP.model_copy(update=foreign))
    await mistral.create(BARE, Stamp())
    assert [found.id for found in await mistral.search(IDENTITY)] == [own.id]


async def test_search_does_not_depend_on_the_metadata_filter(
    http: httpx2.AsyncClient, standin: StandIn
) -> None:
    async def without_metadata(request: httpx2.Request) -> httpx2.Response:
        """Answer as a server whose metadata filter matches nothing."""
        if request.url.params.get("metadata", "null") != "null":
            return httpx2.Response(200, json={"object": "list", "data": []})
        return await http.send(request)

    async with httpx2.AsyncClient(
        transport=httpx2.MockTransport(without_metadata), trust_env=False
    ) as filtered:
        mistral = MistralConnections(filtered).open(standin.url, SecretStr(KEY))
        own = await mistral.create(BARE, STAMP)
        assert [found.id for found in await mistral.search(IDENTITY)] == [own.id]


async def test_search_reads_every_page() -> None:
    def page(request: httpx2.Request) -> httpx2.Response:
        second = request.url.params.get("page_token") == "next"
        own = {"id": "ag_2", "version": 1, "metadata": STAMP.pairs()}
        data = [own] if second else [{"id": "ag_1", "version": 0}]
        return httpx2.Response(
            200, json={"object": "list", "data": data, "next_page_token": None if second else "next"}
        )

    async with answering(page) as mistral:
        assert [found.id for found in await mistral.search(IDENTITY)] == ["ag_2"]


async def test_valid_key_passes(mistral: MistralAgents) -> None:
    await mistral.check_key()


async def test_refused_key_is_unauthorized(http: httpx2.AsyncClient, standin: StandIn) -> None:
    with pytest.raises(ProviderUnauthorizedError):
        await MistralConnections(http).open(standin.url, SecretStr("wrong")).check_key()


async def test_unknown_model_is_named(mistral: MistralAgents) -> None:
    with pytest.raises(ModelNotFoundError, match="no-such-model"):
        await mistral.create(BARE.model_copy(update={"model": "no-such-model"}), STAMP)


async def test_failing_requests_are_sent_once(mistral: MistralAgents, standin: StandIn) -> None:
    standin.fail("GET", "/v1/models", AnswerWith(status=503), times=None)
    with pytest.raises(ProviderUnreachableError):
        await mistral.check_key()
    assert standin.counters().requests["GET /v1/models"] == 1


async def test_rate_limit_says_how_long(mistral: MistralAgents, standin: StandIn) -> None:
    standin.fail("POST", "/v1/agents", rate_limited(45))
    with pytest.raises(ProviderUnreachableError) as raised:
        await mistral.create(BARE, STAMP)
    assert raised.value.retry_after == timedelta(seconds=45)
    assert standin.agents() == ()


async def test_cut_connection_and_lost_answer_are_unreachable(
    mistral: MistralAgents, standin: StandIn
) -> None:
    standin.fail("POST", "/v1/agents", Cut())
    with pytest.raises(ProviderUnreachableError):
        await mistral.create(BARE, STAMP)
    standin.fail("POST", "/v1/agents", LoseResponse())
    with pytest.raises(ProviderUnreachableError):
        await mistral.create(BARE, STAMP)
    assert len(standin.agents()) == 1


async def test_nobody_at_the_address_is_unreachable(http: httpx2.AsyncClient) -> None:
    with pytest.raises(ProviderUnreachableError, match="could not be reached"):
        await MistralConnections(http).open("http://127.0.0.1:1", SecretStr(KEY)).check_key()


async def test_impossible_address_is_rejected(http: httpx2.AsyncClient) -> None:
    with pytest.raises(ProviderRejectedError, match=r"spec\.url"):
        await MistralConnections(http).open("http://[::1", SecretStr(KEY)).check_key()


async def test_silent_server_ends_at_the_deadline(http: httpx2.AsyncClient) -> None:
    with silent_server() as url:
        client = Mistral(
            api_key=KEY,
            server_url=url,
            client=httpx2.Client(verify=NO_AUTHORITIES),
            async_client=http,
            debug_logger=NoOpLogger(),
        )
        mistral = MistralAgents(client, SecretStr(KEY), deadline=timedelta(seconds=0.2))
        began = time.monotonic()
        with pytest.raises(ProviderUnreachableError, match="in time"):
            await mistral.check_key()
        assert time.monotonic() - began < 2


async def test_success_that_the_sdk_cannot_read_is_a_success() -> None:
    """A create whose answer has an unknown form has happened, and must not be taken for a failure."""

    def created(request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE":
            return httpx2.Response(200, json={"deleted": True})
        return httpx2.Response(200, json={"id": "ag_1", "version": 0, "object": "agent.v2", "tools": None})

    async with answering(created) as mistral:
        agent = await mistral.create(BARE, STAMP)
        assert (agent.id, agent.version) == ("ag_1", 0)
        await mistral.delete("ag_1")
        await mistral.check_key()


async def test_answer_without_an_id_may_have_done_it() -> None:
    async with answering(lambda _: httpx2.Response(200, json={"ok": True})) as mistral:
        with pytest.raises(ProviderUnreachableError, match="cannot be read"):
            await mistral.create(BARE, STAMP)


async def test_page_of_another_server_is_rejected() -> None:
    async with answering(lambda _: httpx2.Response(200, html="<p>Welcome</p>")) as mistral:
        with pytest.raises(ProviderRejectedError, match="not Mistral's protocol"):
            await mistral.check_key()


async def test_validation_finding_is_rejected_without_what_was_sent() -> None:
    finding = {"loc": ["body", "instructions"], "msg": "too long", "input": "the prompt"}
    async with answering(lambda _: httpx2.Response(422, json={"detail": [finding]})) as mistral:
        with pytest.raises(ProviderRejectedError) as raised:
            await mistral.create(BARE, STAMP)
    assert raised.value.words == "answered 422: body.instructions: too long"


async def test_key_is_never_in_the_words() -> None:
    body = {"object": "error", "message": f"bad request of {KEY}"}
    async with answering(lambda _: httpx2.Response(400, json=body)) as mistral:
        with pytest.raises(ProviderRejectedError) as raised:
            await mistral.create(BARE, STAMP)
    assert KEY not in raised.value.words


@asynccontextmanager
async def answering(
    answer: Callable[[httpx2.Request], httpx2.Response],
) -> AsyncIterator[MistralAgents]:
    """Give an adapter whose server answers every request by this function."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), trust_env=False) as client:
        yield MistralConnections(client).open("http://provider", SecretStr(KEY))


@contextmanager
def silent_server() -> Iterator[str]:
    """Give the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
