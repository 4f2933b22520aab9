"""The adapter, over the real SDK, against the stand-in."""

import logging
from datetime import timedelta

import httpx2
import pytest
from pydantic import JsonValue, SecretStr

from agents_operator.mistral import (
    CompletionArguments,
    MistralAgent,
    MistralAgents,
    MistralConnections,
    ModelNotFoundError,
    NotFoundError,
    ProviderRejectedError,
    ProviderTool,
    ProviderUnauthorizedError,
    ProviderUnreachableError,
    RemoteTool,
    Stamp,
    ToolConfiguration,
)
from tests.standin.control import StandIn, rate_limited
from tests.standin.faults import AnswerWith, Cut, LoseResponse
from tests.unit.operator.hand import KEY, edit_by_hand
from tests.unit.operator.mistral.samples import BARE, DEFINITION, IDENTITY, STAMP, TOOL

BUILTINS = ("web_search", "web_search_premium", "code_interpreter", "image_generation")


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


async def test_response_format_is_the_same_whatever_the_server_fills_in(
    mistral: MistralAgents, standin: StandIn
) -> None:
    schema: JsonValue = {"type": "object", "properties": {"rate": {"default": None}}}
    form: JsonValue = {"name": "output", "schema": schema, "strict": True}
    arguments = CompletionArguments.model_validate(
        {"response_format": {"type": "json_schema", "json_schema": form}}
    )
    asking = BARE.model_copy(update={"completion": arguments})
    created = await mistral.create(asking, STAMP)
    assert created.shows(asking)
    kept = standin.agents()[0].current.completion_args.response_format
    assert kept is not None
    assert kept.json_schema is not None
    assert kept.json_schema.schema_definition == schema
    assert not (await mistral.update(created.id, BARE, STAMP)).shows(asking)
    edit_by_hand(standin, created.id, completion_args={"response_format": {"type": "text"}})
    read = await mistral.get(created.id)
    assert read is not None
    assert read.shows(BARE)


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


async def test_handoffs_set_by_somebody_else_are_cleared(mistral: MistralAgents, standin: StandIn) -> None:
    created, target = await mistral.create(BARE, STAMP), await mistral.create(BARE, Stamp())
    edit_by_hand(standin, created.id, handoffs=[target.id])
    changed = await mistral.get(created.id)
    assert changed is not None
    assert not changed.shows(BARE)
    assert (await mistral.update(created.id, BARE, STAMP)).shows(BARE)


async def test_handoffs_are_sent_and_cleared(mistral: MistralAgents, standin: StandIn) -> None:
    targets = [(await mistral.create(BARE, Stamp())).id for _ in range(2)]
    linked = BARE.model_copy(update={"handoffs": tuple(targets)})
    created = await mistral.create(linked, STAMP)
    assert created.shows(linked)
    assert not created.shows(BARE)
    edit_by_hand(standin, created.id, handoffs=[*targets[::-1]])
    turned = await mistral.get(created.id)
    assert turned is not None
    assert turned.shows(linked)
    assert (await mistral.update(created.id, BARE, STAMP)).shows(BARE)
    assert (await mistral.update(created.id, linked, STAMP)).shows(linked)


async def test_tools_that_the_provider_runs_read_back_as_they_were_sent(
    mistral: MistralAgents, standin: StandIn
) -> None:
    chosen = ToolConfiguration(include=("search",))
    tools = (
        TOOL,
        *(ProviderTool(type=type_) for type_ in BUILTINS),
        ProviderTool(type="document_library", library_ids=("lib-1",)),
        ProviderTool(type="connector", connector_id="mail"),
        ProviderTool(type="connector", connector_id="drive", tool_configuration=chosen),
    )
    equipped = BARE.model_copy(update={"tools": tools})
    created = await mistral.create(equipped, STAMP)
    assert created.shows(equipped)
    assert [tool.type for tool in standin.agents()[0].current.tools] == [
        "function",
        *BUILTINS,
        "document_library",
        "connector",
        "connector",
    ]
    assert (await mistral.update(created.id, equipped, STAMP)).shows(equipped)
    assert (await mistral.update(created.id, BARE, STAMP)).shows(BARE)


@pytest.mark.parametrize(
    "filled", [None, {}, {"include": None, "exclude": None, "requires_confirmation": []}]
)
def test_defaults_that_a_server_fills_into_tools_do_not_count(filled: JsonValue) -> None:
    shown: JsonValue = {
        "id": "ag_1",
        "version": 0,
        "model": BARE.model,
        "name": BARE.name,
        "tools": [{"type": "web_search", "tool_configuration": filled, "open_results": False}],
    }
    searching = BARE.model_copy(update={"tools": (ProviderTool(type="web_search"),)})
    assert MistralAgent.model_validate(shown).shows(searching)


def test_confirmation_that_somebody_else_asks_for_is_noticed() -> None:
    shown: JsonValue = {
        "id": "ag_1",
        "version": 0,
        "model": BARE.model,
        "name": BARE.name,
        "tools": [
            {
                "type": "connector",
                "connector_id": "mail",
                "tool_configuration": {"requires_confirmation": ["send"]},
            }
        ],
    }
    connected = BARE.model_copy(update={"tools": (ProviderTool(type="connector", connector_id="mail"),)})
    assert not MistralAgent.model_validate(shown).shows(connected)


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


async def test_key_is_never_logged(
    http: httpx2.AsyncClient,
    standin: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("MISTRAL_DEBUG", "1")
    with caplog.at_level(logging.DEBUG):
        await MistralConnections(http).open(standin.url, SecretStr(KEY)).check_key()
    assert "/v1/models" in caplog.text
    assert KEY not in caplog.text
