"""What a run is given of Agents whose session is Local."""

import pytest
from pydantic import JsonValue

from agents_crds.contract.asking import ASK_USER_TOOL
from agents_crds.contract.run import AgentSnapshot
from agents_crds.contract.transcript import CompletionOptions, FunctionDefinition, HandoffTarget, LocalAgent
from agents_crds.v1alpha1 import Agent, AgentRun, Reason
from agents_crds.v1alpha1.fields import JsonSchema
from agents_crds.v1alpha1.instructions import InstructionsSource
from agents_operator.agents.instructions import source_hash
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.runs.snapshot import MOST_AGENTS, take_snapshot
from tests.unit.operator.objects import (
    DELETED,
    Manifest,
    agent,
    condition,
    listed,
    mcp_server,
    pool,
    provider,
    run,
    tool,
)
from tests.unit.operator.runs.worlds import INSTALLATION, linked, ready_world, started, world_of

OF_FRONT = run(spec={"agentRef": {"name": "front"}})
READY: Manifest = {"observedGeneration": 1, "conditions": [condition("Ready", "True", "Synced")]}
SOURCE: Manifest = {"configMapKeyRef": {"name": "prompts", "key": "front.md"}}


def local(name: str, *targets: str, status: Manifest | None = None, **spec: JsonValue) -> Agent:
    """A Ready Agent of session Local that hands off to those of the targets."""
    handoffs: JsonValue = [{"agentRef": {"name": target}} for target in targets]
    base: Manifest = {"model": "some-model", "session": "Local", "handoffs": handoffs}
    return agent(name, base | spec, status or READY)


def taken(world: World, taking: AgentRun = OF_FRONT) -> tuple[AgentSnapshot, ...]:
    return take_snapshot(taking, world, installation=INSTALLATION).agents


def one(world: World) -> LocalAgent:
    found = taken(world)[0].local
    assert found is not None
    return found


def waits(world: World) -> Waiting:
    with pytest.raises(Waiting) as waiting:
        taken(world)
    return waiting.value


def test_model_is_told_all_that_the_spec_says() -> None:
    offered: Manifest = {
        "contract": 2,
        "tools": [tool("get_rate", description="Returns a rate."), tool("not_asked_for")],
    }
    front = local(
        "front",
        "back",
        instructions="Be brief.",
        tools=[
            {"mcp": {"serverRef": {"name": "maps"}}},
            {"function": {"name": "get_rate"}},
            {"builtin": {"type": "web_search"}},
        ],
        completion={"temperature": 0.5, "maxTokens": 9, "stop": ["END"], "toolChoice": "any"},
        contextWindow=32000,
        limits={"waitForInput": "1h"},
    )
    maps = mcp_server(status={"tools": [listed("find", description="Finds.")]})
    back = local("back", description="Knows the rest.")
    world = world_of(provider(), pool(status=offered), maps, front, back)
    parameters = JsonSchema({"type": "object"})
    assert one(world) == LocalAgent(
        model="some-model",
        instructions="Be brief.",
        functions=(
            FunctionDefinition(name="maps_find", description="Finds.", parameters=parameters),
            FunctionDefinition(name="get_rate", description="Returns a rate.", parameters=parameters),
            ASK_USER_TOOL,
        ),
        handoffs=(HandoffTarget(agent="back", tool="handoff_to_back", description="Knows the rest."),),
        options=CompletionOptions(temperature=0.5, max_tokens=9, stop=("END",), tool_choice="any"),
        context_window=32000,
    )
    (snapshot, _) = taken(world)
    assert (snapshot.remote_id, snapshot.remote_version) == ("", 0)
    assert [route.name for route in snapshot.tools] == ["get_rate", "maps_find"]


def test_agent_of_a_remote_session_has_nothing_of_its_own_in_the_run() -> None:
    assert taken(ready_world(linked("front")))[0].local is None


def test_provider_is_told_apart_by_what_it_speaks_and_may_need_no_key() -> None:
    spec: Manifest = {"protocol": "ChatCompletions", "url": "http://own:8000/v1", "apiKeySecretRef": None}
    own = provider("own", spec)
    snapshot = taken(ready_world(own, local("front", providerRef={"name": "own"})))[0]
    assert (snapshot.provider.protocol, snapshot.provider.key_path) == ("ChatCompletions", "")
    assert taken(ready_world(local("front")))[0].provider.protocol == "Mistral"


def test_output_schema_of_the_agent_that_begins_governs() -> None:
    schema: Manifest = {"type": "object"}
    world = ready_world(local("front", "back", outputSchema=schema), local("back", outputSchema=schema))
    assert [each.output_schema for each in taken(world)] == [schema, None]


def test_instructions_are_those_that_were_read_last() -> None:
    stored: Manifest = {
        "text": "Be kind.",
        "source": source_hash(InstructionsSource.model_validate(SOURCE)),
        "changed": "2026-03-01T11:00:00Z",
    }
    read = local("front", status={**READY, "instructions": stored}, instructionsFrom=SOURCE)
    assert one(ready_world(read)).instructions == "Be kind."
    assert waits(ready_world(local("front", instructionsFrom=SOURCE))).reason is Reason.AGENT_NOT_READY


def test_run_waits_for_a_function_that_its_pool_no_longer_offers() -> None:
    wanting = local("front", tools=[{"function": {"name": "gone"}}])
    assert waits(ready_world(wanting)).message == "Agent front is being reconciled"


@pytest.mark.parametrize(
    ("agents", "reached"),
    [
        pytest.param([local("front")], ["front"], id="no handoffs"),
        pytest.param([local("front", "a"), local("a", "b"), local("b")], ["front", "a", "b"], id="a chain"),
        pytest.param(
            [local("front", "a", "b"), local("a", "front", "b"), local("b", "a", "front")],
            ["front", "a", "b"],
            id="cycles",
        ),
        pytest.param([local("front", "gone", "a"), local("a")], ["front", "a"], id="one is gone"),
    ],
)
def test_snapshot_has_every_agent_that_can_be_reached_once(agents: list[Agent], reached: list[str]) -> None:
    assert [each.name for each in taken(ready_world(*agents))] == reached


def test_agent_that_is_going_is_handed_off_to_no_more() -> None:
    going = agent("back", {"model": "m", "session": "Local"}, READY, deletionTimestamp=DELETED)
    world = ready_world(local("front", "back"), going)
    assert [each.name for each in taken(world)] == ["front"]
    assert one(world).handoffs == ()


BACK = "Agent back, reached by handoffs from front to back, "


@pytest.mark.parametrize(
    ("back", "message"),
    [
        pytest.param(
            local("back", status={"conditions": [condition("Ready", "False", "ToolNotFound", "none")]}),
            f"{BACK}is being reconciled",
            id="not reconciled",
        ),
        pytest.param(
            local("back", suspend=True), f"{BACK}is suspended; set spec.suspend to false", id="suspended"
        ),
        pytest.param(linked("back"), f"{BACK}is being linked anew", id="of session Remote"),
    ],
)
def test_run_waits_for_an_agent_that_cannot_be_run_yet(back: Agent, message: str) -> None:
    assert waits(ready_world(local("front", "back"), back)).message == message


def test_run_comes_to_thirty_two_agents_at_most() -> None:
    targets = [f"target-{number}" for number in range(MOST_AGENTS)]
    world = ready_world(local("front", *targets[1:]), *map(local, targets))
    assert len(taken(world)) == MOST_AGENTS
    chain = (local("front", *targets[1:]), local("target-1", "target-0"))
    waiting = waits(ready_world(*chain, local("target-0"), *map(local, targets[2:])))
    assert waiting.reason is Reason.SNAPSHOT_TOO_LARGE


def test_workflow_s_memo_names_no_remote_agent() -> None:
    memo = started(OF_FRONT, ready_world(local("front", "back"), local("back"))).memo
    assert (memo.agent_id, memo.agent_version) == ("", 0)
    assert [(each.name, each.id) for each in memo.agents] == [("front", ""), ("back", "")]


def test_run_waits_for_workers_that_know_local_sessions() -> None:
    old = world_of(provider(), pool(status={"contract": 1}), local("front"))
    assert waits(old).reason is Reason.WORKER_TOO_OLD
