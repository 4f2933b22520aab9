"""What a developer's own workflow is told of an Agent that it wants to run."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from agents_crds.contract.child import AgentRequest, ResolvedAgent
from agents_crds.contract.names import (
    INSTALLATION_KEY,
    NAME_KEY,
    NAMESPACE_KEY,
    UID_KEY,
    WORKFLOW_KEY,
    McpServerIdentity,
    RunIdentity,
    loop_workflow_id,
    place_of_pool,
    pool_queue,
)
from agents_crds.v1alpha1 import Agent, Reason
from agents_operator.engine.served import Served
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.runs.resolve import Resolve, resolved
from agents_operator.temporal.places import OWN, Place
from agents_operator.tracing.runs import RunTraces
from tests.unit.operator.bench import Bench
from tests.unit.operator.objects import NAMESPACE, NOW, Manifest, pool, provider, ready_agent, run
from tests.unit.operator.runs.worlds import INSTALLATION, linked, ready_world, started, world_of

UID = loop_workflow_id(INSTALLATION, NAMESPACE, "one")


def request(name: str = "finance", text: str = "What is the rate?", **more: object) -> AgentRequest:
    values = {"namespace": NAMESPACE, "name": name, "input": text, "uid": UID}
    return AgentRequest.model_validate(values | more)


def answer(world: World, asked: AgentRequest) -> ResolvedAgent:
    return resolved(asked, world, installation=INSTALLATION)


def test_a_loop_is_resolved_as_for_a_run_but_belongs_to_none() -> None:
    world = ready_world()
    found, of_run = answer(world, request()), started(run(), world)
    assert found.queue == of_run.queue == pool_queue(INSTALLATION, NAMESPACE, "default")
    assert found.loop.run is None
    own = {"run", "conversation_metadata", "traceparent"}
    assert found.loop.model_dump(exclude=own) == of_run.run_input.loop.model_dump(exclude=own)
    stamped = found.loop.conversation_metadata
    assert stamped.keys() == {*of_run.run_input.loop.conversation_metadata, WORKFLOW_KEY}
    assert (stamped[INSTALLATION_KEY], stamped[NAMESPACE_KEY]) == (INSTALLATION, NAMESPACE)
    assert (stamped[NAME_KEY], stamped[UID_KEY], stamped[WORKFLOW_KEY]) == ("finance", UID, UID)


def test_it_shows_that_it_waits_where_temporal_can_tell() -> None:
    found = resolved(request(), ready_world(), installation=INSTALLATION, state_attribute=True)
    assert found.loop.state_attribute


def test_all_agents_that_it_leads_to_come_along() -> None:
    world = ready_world(linked("front", "desk"), linked("desk", "front"))
    loop = answer(world, request("front")).loop
    assert (loop.agent.name, [each.name for each in loop.handoffs]) == ("front", ["desk"])


def test_limits_only_lower_those_of_the_agent() -> None:
    spec: Manifest = {"limits": {"maxTurns": 4, "timeout": "1h", "maxTotalTokens": 500}}
    world = world_of(provider(), pool(status={"contract": 2}), ready_agent(spec=spec))
    limits = answer(
        world, request(max_turns=9, timeout=timedelta(minutes=2), max_total_tokens=300)
    ).loop.limits
    assert (limits.max_turns, limits.timeout, limits.max_total_tokens) == (4, timedelta(minutes=2), 300)


def test_an_input_may_be_longer_than_that_of_an_agentrun() -> None:
    text = "x" * 200_000
    assert answer(ready_world(), request(text=text)).loop.input == text


@pytest.mark.parametrize(
    ("asked", "reason", "message"),
    [
        pytest.param(
            request(uid=f"{INSTALLATION}/{NAMESPACE}/a-run"),
            Reason.INVALID_OBJECT,
            f"{INSTALLATION}/{NAMESPACE}/a-run is no id of a loop",
            id="the id of a run",
        ),
        pytest.param(
            request(uid=loop_workflow_id(INSTALLATION, "other", "one")),
            Reason.INVALID_OBJECT,
            "is no id of a loop in team",
            id="the id of a loop of another namespace",
        ),
        pytest.param(request(text=""), Reason.INVALID_OBJECT, "no such run is possible", id="no input"),
        pytest.param(request(max_turns=0), Reason.INVALID_OBJECT, "no such run is possible", id="no turns"),
        pytest.param(
            request(text="x" * 1_100_000), Reason.SNAPSHOT_TOO_LARGE, "1000000 fit", id="too much input"
        ),
    ],
)
def test_what_can_never_be_run_is_refused(asked: AgentRequest, reason: Reason, message: str) -> None:
    with pytest.raises(Waiting, match=message) as refused:
        answer(ready_world(), asked)
    assert refused.value.reason is reason


def test_workers_that_know_no_such_loop_are_too_old() -> None:
    world = world_of(provider(), pool(status={"contract": 1}), ready_agent())
    with pytest.raises(Waiting, match="rebuild its image") as refused:
        answer(world, request())
    assert refused.value.reason is Reason.WORKER_TOO_OLD


def test_the_id_of_a_loop_is_that_of_nothing_else() -> None:
    assert RunIdentity.of_workflow(UID) is None
    assert McpServerIdentity.of_workflow(UID) is None


@pytest.mark.parametrize(
    ("queue", "place"),
    [
        (pool_queue("prod", "team", "default"), ("prod", "team")),
        ("prod/operator", None),
        ("prod/team/providers/default", None),
        ("orders", None),
        ("/team/pools/default", None),
    ],
)
def test_a_pools_queue_says_where_it_is(queue: str, place: tuple[str, str] | None) -> None:
    assert place_of_pool(queue) == place


async def refusal(
    bench: Bench,
    world: World,
    asked: AgentRequest,
    *namespaces: str,
    place: Place = OWN,
    shared: bool = False,
) -> ApplicationError:
    resolve = Resolve(
        world,
        bench.api,
        Served(namespaces),
        place,
        RunTraces(None, now=lambda: NOW),
        installation=INSTALLATION,
        state_attribute=False,
        shared=lambda: shared,
    )
    with pytest.raises(ApplicationError) as refused:
        await resolve.resolve(asked)
    return refused.value


async def test_an_agent_that_is_nowhere_is_refused_for_good(bench: Bench) -> None:
    refused = await refusal(bench, World(), request("nobody"))
    assert (refused.type, refused.non_retryable) == (Reason.AGENT_NOT_FOUND, True)


async def test_agents_of_other_namespaces_cannot_be_run_in_the_temporal_of_a_connection(bench: Bench) -> None:
    refused = await refusal(bench, ready_world(), request(), place=Place("other", "eu"))
    assert (refused.type, refused.non_retryable) == (Reason.AGENT_NOT_FOUND, True)
    assert "only Agents of namespace other can be run in TemporalConnection eu" in str(refused)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("namespace", [NAMESPACE, "other"])
async def test_who_asks_in_another_place_is_refused_for_good_unless_it_is_the_same_temporal(
    bench: Bench, namespace: str, *, shared: bool
) -> None:
    eu = Place(namespace, "eu")
    refused = await refusal(bench, ready_world(), request(), place=eu, shared=shared)
    assert refused.non_retryable is not shared


def test_an_agent_whose_workers_are_in_another_temporal_is_refused() -> None:
    with pytest.raises(Waiting, match="works in the operator's own Temporal, and the workflow that asks is"):
        resolved(request(), ready_world(), Place(NAMESPACE, "eu"), installation=INSTALLATION)


async def test_an_agent_that_was_not_seen_yet_is_waited_for(bench: Bench) -> None:
    await bench.add_agent("finance")
    asked = request(namespace=bench.namespace, uid=loop_workflow_id(INSTALLATION, bench.namespace, "one"))
    refused = await refusal(bench, World(), asked)
    assert (refused.type, refused.non_retryable) == (Reason.AGENT_NOT_FOUND, False)


@pytest.mark.parametrize(
    "asked",
    [
        request("../../../../../../api/v1/secrets"),
        request("finance?watch=true"),
        request(""),
        request("x" * 1_000_000),
        request(namespace="team/../other"),
    ],
    ids=["a path", "a query", "nothing", "a megabyte", "a path as the namespace"],
)
async def test_what_is_no_name_never_gets_to_the_api_server(bench: Bench, asked: AgentRequest) -> None:
    refused = await refusal(bench, World(), asked)
    assert (refused.type, refused.non_retryable) == (Reason.INVALID_OBJECT, True)
    assert "is no name in Kubernetes" in refused.message
    assert len(refused.message) < 150


async def test_a_namespace_that_is_not_served_is_refused_for_good(bench: Bench) -> None:
    refused = await refusal(bench, ready_world(), request(), "elsewhere")
    assert (refused.type, refused.non_retryable) == (Reason.AGENT_NOT_FOUND, True)
    assert "does not serve namespace team" in refused.message


async def test_an_agent_that_is_not_ready_is_waited_for_with_its_reason(bench: Bench) -> None:
    suspended: Agent = ready_agent(spec={"suspend": True})
    refused = await refusal(bench, world_of(provider(), pool(), suspended), request())
    assert (refused.type, refused.non_retryable) == (Reason.AGENT_SUSPENDED, False)
