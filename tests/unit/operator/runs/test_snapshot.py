import pytest

from agents_crds.contract import SECOND_CONTRACT
from agents_crds.v1alpha1 import Agent, AgentRun, ConditionType, Reason
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.runs.snapshot import MOST_AGENTS, Snapshot, take_snapshot
from tests.unit.operator.engine.woken import Watched
from tests.unit.operator.objects import (
    DELETED,
    Manifest,
    agent,
    condition,
    in_step,
    listed,
    mcp_server,
    pool,
    provider,
    ready_agent,
    run,
)
from tests.unit.operator.runs.worlds import INSTALLATION, linked, ready_world, world_of

SCHEMA: Manifest = {"type": "object", "required": ["rate"]}
OF_FRONT = run(spec={"agentRef": {"name": "front"}})


def taken(world: World, taking: AgentRun = OF_FRONT) -> Snapshot:
    return take_snapshot(taking, world, installation=INSTALLATION)


def waits(world: World, taking: AgentRun = OF_FRONT) -> Waiting:
    with pytest.raises(Waiting) as waiting:
        taken(world, taking)
    assert waiting.value.condition is ConditionType.SUCCEEDED
    return waiting.value


def not_ready(reason: str, message: str) -> Manifest:
    return {"observedGeneration": 1, "conditions": [condition("Ready", "False", reason, message)]}


@pytest.mark.parametrize(
    ("referred", "reason", "message"),
    [
        pytest.param(
            (),
            Reason.AGENT_NOT_FOUND,
            "there is no Agent finance in namespace team; the run starts when it appears",
            id="missing",
        ),
        pytest.param(
            (ready_agent(deletionTimestamp=DELETED),),
            Reason.AGENT_NOT_READY,
            "Agent finance is being deleted",
            id="deleting",
        ),
        pytest.param(
            (ready_agent(spec={"suspend": True}),),
            Reason.AGENT_SUSPENDED,
            "Agent finance is suspended; set spec.suspend to false",
            id="suspended",
        ),
        pytest.param((agent(),), Reason.AGENT_NOT_READY, "Agent finance is being reconciled", id="new"),
        pytest.param(
            (ready_agent(generation=2),),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="ready in an older generation",
        ),
        pytest.param(
            (agent(status=not_ready("ModelNotFound", "no such model")),),
            Reason.AGENT_NOT_READY,
            "Agent finance is not Ready: ModelNotFound: no such model",
            id="not ready",
        ),
        pytest.param(
            (agent(status=not_ready("ModelNotFound", "no such model"), generation=2),),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="not ready in an older generation",
        ),
        pytest.param(
            (agent(status=in_step() | {"remote": {"createPending": True}}),),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="without a remote agent",
        ),
        pytest.param(
            (agent(status=in_step() | {"remote": {"id": "ag_1"}}),),
            Reason.AGENT_NOT_READY,
            "Agent finance is being reconciled",
            id="without a remote version",
        ),
    ],
)
def test_run_waits_for_its_agent_and_says_why(
    referred: tuple[Agent, ...], reason: Reason, message: str
) -> None:
    waiting = waits(world_of(provider(), pool(), *referred), run())
    assert (waiting.reason, waiting.message) == (reason, message)
    # Only a missing Agent is worth an event.
    assert waiting.expected is bool(referred)


@pytest.mark.parametrize(
    "seen", [(ready_agent(), pool()), (ready_agent(), provider())], ids=["provider", "pool"]
)
def test_run_waits_while_what_its_agent_refers_to_is_not_seen(seen: tuple[Watched, ...]) -> None:
    assert waits(world_of(*seen), run()).message == "Agent finance is being reconciled"


def test_run_waits_while_a_server_of_its_agent_is_not_seen() -> None:
    uses = linked("front", spec={"tools": [{"mcp": {"serverRef": {"name": "maps"}}}]})
    assert waits(ready_world(uses)).message == "Agent front is being reconciled"
    assert taken(ready_world(uses, mcp_server())).servers


@pytest.mark.parametrize(
    ("agents", "reached"),
    [
        pytest.param([linked("front")], ["front"], id="no handoffs"),
        pytest.param(
            [linked("front", "a", "b"), linked("a"), linked("b"), linked("c", "front")],
            ["front", "a", "b"],
            id="two, and a stranger",
        ),
        pytest.param(
            [linked("front", "a"), linked("a", "b"), linked("b", "c"), linked("c")],
            ["front", "a", "b", "c"],
            id="a chain",
        ),
        pytest.param(
            [linked("front", "a", "b"), linked("a", "front", "b"), linked("b", "a", "front")],
            ["front", "a", "b"],
            id="cycles",
        ),
    ],
)
def test_snapshot_has_every_agent_that_can_be_reached_once(agents: list[Agent], reached: list[str]) -> None:
    snapshot = taken(ready_world(*agents))
    assert [each.name for each in snapshot.agents] == reached
    assert [each.remote_id for each in snapshot.agents] == [f"ag_{name}" for name in reached]


def test_what_the_provider_was_told_counts_and_not_what_the_spec_wants() -> None:
    """Its Agent serves without a target that is gone, and says so in its own conditions."""
    unlinked = agent("front", {"handoffs": [{"agentRef": {"name": "gone"}}]}, in_step())
    assert [each.name for each in taken(ready_world(unlinked)).agents] == ["front"]


BACK = "Agent back, reached by handoffs from front to middle to back, "


@pytest.mark.parametrize(
    ("back", "reason", "message"),
    [
        pytest.param((), Reason.AGENT_NOT_FOUND, f"{BACK}is gone, and is being unlinked", id="gone"),
        pytest.param(
            (agent("back", status=in_step() | {"remote": {"id": "ag_other", "version": 0}}),),
            Reason.AGENT_NOT_READY,
            f"{BACK}is being linked anew",
            id="with another remote agent",
        ),
        pytest.param(
            (linked("back", status=not_ready("ModelNotFound", "no such model")),),
            Reason.AGENT_NOT_READY,
            f"{BACK}is not Ready: ModelNotFound: no such model",
            id="not ready",
        ),
        pytest.param(
            (linked("back", spec={"suspend": True}),),
            Reason.AGENT_SUSPENDED,
            f"{BACK}is suspended; set spec.suspend to false",
            id="suspended",
        ),
        pytest.param(
            (linked("back", spec={"workerPoolRef": {"name": "unseen"}}),),
            Reason.AGENT_NOT_READY,
            f"{BACK}is being reconciled",
            id="whose pool is not seen",
        ),
    ],
)
def test_run_waits_for_an_agent_far_behind_and_says_how_it_is_reached(
    back: tuple[Agent, ...], reason: Reason, message: str
) -> None:
    world = ready_world(linked("front", "middle"), linked("middle", "back"), *back)
    waiting = waits(world)
    assert (waiting.reason, waiting.message, waiting.expected) == (reason, message, True)


def test_run_comes_to_thirty_two_agents_at_most() -> None:
    targets = [f"target-{number}" for number in range(MOST_AGENTS)]
    world = ready_world(linked("front", *targets[1:]), *map(linked, targets))
    assert len(taken(world).agents) == MOST_AGENTS
    chain = (linked("front", *targets[1:]), linked("target-1", "target-0"))
    waiting = waits(ready_world(*chain, linked("target-0"), *map(linked, targets[2:])))
    assert waiting.reason is Reason.SNAPSHOT_TOO_LARGE
    assert "Agent front leads to more than 32 Agents by handoffs" in waiting.message
    assert not waiting.expected


def test_output_schema_of_the_agent_that_begins_governs() -> None:
    schema: Manifest = {"outputSchema": SCHEMA}
    front, back = taken(ready_world(linked("front", "back", spec=schema), linked("back", spec=schema))).agents
    assert (front.output_schema, back.output_schema) == (SCHEMA, None)


OLD: Manifest = {"contract": SECOND_CONTRACT - 1}


@pytest.mark.parametrize("status", [{}, OLD], ids=["not noted", "older"])
def test_run_waits_for_workers_that_do_not_pass_over_what_it_asks_for(status: Manifest) -> None:
    asking = linked("front", spec={"outputSchema": SCHEMA})
    waiting = waits(world_of(provider(), pool(status=status), asking))
    assert waiting.reason is Reason.WORKER_TOO_OLD
    assert not waiting.expected
    assert "spec.outputSchema need workers of contract 2" in waiting.message


def test_run_s_own_wishes_concern_the_pool_that_begins() -> None:
    asking = run(spec={"agentRef": {"name": "front"}, "limits": {"maxTotalTokens": 9}})
    old = pool("old", status=OLD)
    back = linked("back", spec={"workerPoolRef": {"name": "old"}})
    assert taken(ready_world(linked("front", "back"), back, old), asking).agents
    begins = linked("front", spec={"workerPoolRef": {"name": "old"}})
    assert "the run's spec.limits.maxTotalTokens need" in waits(ready_world(begins, old), asking).message


def test_pool_of_an_agent_that_is_reached_must_be_able_as_well() -> None:
    old = pool("old", status=OLD)
    back = linked("back", "front", spec={"workerPoolRef": {"name": "old"}})
    waiting = waits(ready_world(linked("front", "back"), back, old))
    assert "spec.handoffs need workers of contract 2, and those of WorkerPool old" in waiting.message


def test_pool_that_calls_a_server_must_be_able_as_well_unless_it_is_gone() -> None:
    spec: Manifest = {"stdio": {"command": "maps"}, "workerPoolRef": {"name": "old"}}
    seen = (
        mcp_server(spec=spec, status={"tools": [listed("find")]}),
        linked("front", spec={"tools": [{"mcp": {"serverRef": {"name": "maps"}}}]}),
    )
    message = waits(ready_world(*seen, pool("old", status=OLD))).message
    assert "the tools of MCPServer maps need workers of contract 2, and those of WorkerPool old" in message
    assert taken(ready_world(*seen)).servers
