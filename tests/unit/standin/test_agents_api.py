"""The agents API answers the real SDK as Mistral's does."""

import httpx2
import pytest
from mistralai.client import Mistral, errors, models

from tests.standin.control import StandIn
from tests.unit.standin.samples import INTEREST, KEY, MODEL, create_agent, function_tool

OWNER = {"installation": "a", "uid": "1"}


def test_an_agent_starts_at_version_0_with_the_defaults_filled_in(mistral: Mistral) -> None:
    tools: list[models.CreateAgentRequestTool] = [function_tool(INTEREST), models.WebSearchTool()]
    made = mistral.beta.agents.create(
        model=MODEL,
        name="finance",
        tools=tools,
        completion_args=models.CompletionArgs(temperature=0.3),
        metadata=OWNER,
    )
    assert (made.version, made.versions, made.source, made.deployment_chat) == (0, [0], "api", False)
    assert made.id.startswith("ag_")
    assert len(made.id) == len("ag_") + 32
    assert made.completion_args is not None
    assert (made.completion_args.tool_choice, made.completion_args.stop) == ("auto", None)
    assert made.completion_args.temperature == 0.3
    tool, search = made.tools or []
    assert isinstance(tool, models.FunctionTool)
    assert tool.function.strict is False
    assert isinstance(search, models.WebSearchTool)
    assert made.metadata == OWNER
    assert mistral.beta.agents.get(agent_id=made.id) == made


def test_every_kind_of_tool_and_argument_comes_back_as_it_was_sent(mistral: Mistral) -> None:
    confirmed = models.ToolConfiguration(include=["a"], requires_confirmation=["a"])
    tools: list[models.CreateAgentRequestTool] = [
        function_tool(INTEREST),
        models.WebSearchTool(tool_configuration=confirmed),
        models.WebSearchPremiumTool(),
        models.CodeInterpreterTool(),
        models.ImageGenerationTool(),
        models.DocumentLibraryTool(library_ids=["lib"]),
        models.CustomConnector(connector_id="c", authorization=models.APIKeyAuth(value="v")),
    ]
    form = models.ResponseFormat(
        type="json_schema",
        json_schema=models.JSONSchema(name="answer", schema_definition={"type": "object"}),
    )
    arguments = models.CompletionArgs(max_tokens=100, tool_choice="any", stop=["."], response_format=form)
    guardrails = [models.GuardrailConfig(block_on_error=True)]
    made = mistral.beta.agents.create(
        model=MODEL,
        name="all",
        tools=tools,
        completion_args=arguments,
        guardrails=guardrails,
        version_message="one",
    )
    assert [tool.type for tool in made.tools or []] == [tool.type for tool in tools]
    assert isinstance(made.tools, list)
    assert isinstance(made.tools[1], models.WebSearchTool)
    assert made.tools[1].tool_configuration
    assert made.tools[1].tool_configuration.requires_confirmation == ["a"]
    assert made.completion_args
    sent = arguments.model_dump(by_alias=True)
    shown = made.completion_args.model_dump(by_alias=True)
    assert {name: shown[name] for name in ("max_tokens", "tool_choice", "stop")} == {
        name: sent[name] for name in ("max_tokens", "tool_choice", "stop")
    }
    assert shown["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert made.guardrails
    assert made.guardrails[0].block_on_error is True
    assert made.version_message == "one"


def test_every_patch_makes_a_version_and_puts_it_in_force(mistral: Mistral, standin: StandIn) -> None:
    agent = create_agent(mistral)
    mistral.beta.agents.update(agent_id=agent.id, instructions="Be brief.")
    same = mistral.beta.agents.update(agent_id=agent.id, instructions="Be brief.")
    assert (same.version, same.versions) == (2, [0, 1, 2])
    assert same.tools == agent.tools
    assert standin.counters().agents[agent.id].updated == 2


def test_null_clears_a_field_and_leaves_out_nothing_else(mistral: Mistral) -> None:
    target = create_agent(mistral, "target")
    agent = mistral.beta.agents.create(model=MODEL, name="a", handoffs=[target.id], description="d")
    cleared = mistral.beta.agents.update(agent_id=agent.id, handoffs=None)
    assert (cleared.handoffs, cleared.description) == (None, "d")


def test_an_older_version_can_be_read_and_put_back_in_force(mistral: Mistral) -> None:
    agent = create_agent(mistral)
    mistral.beta.agents.update(agent_id=agent.id, instructions="new")
    assert mistral.beta.agents.get(agent_id=agent.id, agent_version=0).instructions == "Use tools."
    assert mistral.beta.agents.get_version(agent_id=agent.id, version="0").version == 0
    assert mistral.beta.agents.update_version(agent_id=agent.id, version=0).version == 0
    assert mistral.beta.agents.get(agent_id=agent.id).instructions == "Use tools."
    assert [v.version for v in mistral.beta.agents.list_versions(agent_id=agent.id)] == [1, 0]


def test_a_version_can_be_read_by_its_alias(mistral: Mistral) -> None:
    agent = create_agent(mistral)
    mistral.beta.agents.update(agent_id=agent.id, instructions="new")
    made = mistral.beta.agents.create_version_alias(agent_id=agent.id, alias="prod", version=0)
    assert (made.alias, made.version) == ("prod", 0)
    assert mistral.beta.agents.get(agent_id=agent.id, agent_version="prod").version == 0
    assert [alias.alias for alias in mistral.beta.agents.list_version_aliases(agent_id=agent.id)] == ["prod"]
    mistral.beta.agents.delete_version_alias(agent_id=agent.id, alias="prod")
    assert mistral.beta.agents.list_version_aliases(agent_id=agent.id) == []


def test_pages_hold_every_agent_once(mistral: Mistral) -> None:
    made = {create_agent(mistral, f"agent-{number}").id for number in range(5)}
    page = mistral.beta.agents.list_pages(page_size=2, metadata=None)
    seen: list[str] = []
    while page is not None:
        seen += [agent.id for agent in page.result.data]
        page = page.next()  # type: ignore[assignment] # typed for both clients; the blocking one gives a page
    assert len(seen) == 5
    assert set(seen) == made


def test_a_page_token_survives_the_deletion_of_the_last_agent_shown(mistral: Mistral) -> None:
    made = [create_agent(mistral, f"agent-{number}").id for number in range(3)]
    page = mistral.beta.agents.list_pages(page_size=1, metadata=None)
    assert page is not None
    mistral.beta.agents.delete(agent_id=made[0])
    rest = mistral.beta.agents.list_pages(page_token=page.result.next_page_token, metadata=None)
    assert rest is not None
    assert [agent.id for agent in rest.result.data] == made[1:]


def test_lists_are_filtered_by_name_search_id_and_metadata(mistral: Mistral) -> None:
    one = mistral.beta.agents.create(model=MODEL, name="rates", metadata=OWNER)
    mistral.beta.agents.create(model=MODEL, name="weather", metadata={**OWNER, "uid": "2"})

    def found(**filters: object) -> list[str]:
        query = {"metadata": None, **filters}
        page = mistral.beta.agents.list_pages(**query)  # type: ignore[arg-type] # each filter has its own type
        assert page is not None
        return [agent.name for agent in page.result.data]

    assert found() == ["rates", "weather"]
    assert found(name="rates") == ["rates"]
    assert found(search=one.id) == ["rates"]
    assert found(id=one.id) == ["rates"]
    assert found(metadata={"uid": "2"}) == ["weather"]
    assert found(metadata={"uid": "3"}) == []
    assert found(sources=["playground"]) == []
    assert found(sources=["api", "playground"]) == ["rates", "weather"]


def test_an_omitted_metadata_filter_lists_all_although_the_sdk_sends_its_sentinel(mistral: Mistral) -> None:
    create_agent(mistral)
    page = mistral.beta.agents.list_pages()
    assert page is not None
    assert len(page.result.data) == 1
    with pytest.warns(DeprecationWarning, match="list_pages"):
        assert len(mistral.beta.agents.list()) == 1


def test_a_deleted_agent_is_gone(mistral: Mistral, standin: StandIn) -> None:
    agent = create_agent(mistral)
    mistral.beta.agents.delete(agent_id=agent.id)
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.agents.get(agent_id=agent.id)
    assert refused.value.status_code == 404
    with pytest.raises(errors.SDKError) as again:
        mistral.beta.agents.delete(agent_id=agent.id)
    assert again.value.status_code == 404
    assert standin.counters().agents_deleted == 1
    assert standin.agents() == ()


def test_an_unknown_version_is_404(mistral: Mistral) -> None:
    agent = create_agent(mistral)
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.agents.get(agent_id=agent.id, agent_version=7)
    assert refused.value.status_code == 404


def test_empty_handoffs_are_422(mistral: Mistral) -> None:
    with pytest.raises(errors.HTTPValidationError) as refused:
        mistral.beta.agents.create(model=MODEL, name="a", handoffs=[])
    (found,) = refused.value.data.detail or []
    assert (found.type, found.loc) == ("too_short", ["body", "handoffs"])


@pytest.mark.parametrize("path", ["/v1/agents", "/v1/conversations"])
def test_unknown_fields_are_422(standin: StandIn, path: str) -> None:
    body = {"model": MODEL, "name": "a", "inputs": "hello", "colour": "red"}
    response = httpx2.post(standin.url + path, json=body, headers={"authorization": f"Bearer {KEY}"})
    assert response.status_code == 422
    assert {
        "type": "extra_forbidden",
        "loc": ["body", "colour"],
        "msg": "Extra inputs are not permitted",
        "input": "red",
    } in response.json()["detail"]


def test_an_unknown_model_is_400(mistral: Mistral, standin: StandIn) -> None:
    with pytest.raises(errors.SDKError) as refused:
        mistral.beta.agents.create(model="gpt-99", name="a")
    assert refused.value.status_code == 400
    assert refused.value.raw_response.json() == {
        "object": "error",
        "message": "Invalid model: gpt-99",
        "type": "invalid_model",
        "param": None,
        "code": "1500",
    }
    agent = create_agent(mistral)
    with pytest.raises(errors.SDKError, match="Invalid model: gpt-99"):
        mistral.beta.agents.update(agent_id=agent.id, model="gpt-99")
    with pytest.raises(errors.SDKError, match="Invalid model: gpt-99"):
        mistral.beta.conversations.start(model="gpt-99", inputs="hello")
    assert standin.counters().agents[agent.id].updated == 0


def test_the_models_are_listed(mistral: Mistral) -> None:
    cards = mistral.models.list().data or []
    assert MODEL in [card.id for card in cards if isinstance(card, models.BaseModelCard)]
    card = mistral.models.retrieve(model_id=MODEL)
    assert isinstance(card, models.BaseModelCard)
    assert card.capabilities.function_calling
    with pytest.raises(errors.SDKError) as refused:
        mistral.models.retrieve(model_id="gpt-99")
    assert refused.value.status_code == 404


def test_only_known_keys_are_let_in(mistral: Mistral, standin: StandIn) -> None:
    standin.set_keys(["another-key"])
    with pytest.raises(errors.SDKError) as refused:
        create_agent(mistral)
    assert refused.value.status_code == 401
    assert refused.value.raw_response.json()["object"] == "error"
    standin.set_keys(["another-key", KEY])
    create_agent(mistral)
    assert standin.counters().responses["POST /v1/agents 401"] == 1
    assert standin.counters().agents_created == 1
