"""What is kept in which Temporal, and what cannot be reached from one in another."""

from datetime import timedelta

import pytest
from temporalio.client import Client

from agents_crds.v1alpha1 import AgentRun, Reason
from agents_operator.agents.handoffs import resolve_handoffs
from agents_operator.agents.servers import resolve_servers
from agents_operator.engine.world import World
from agents_operator.errors import Stalled, Waiting
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.runs.continued import continuation
from agents_operator.runs.plan import Finish
from agents_operator.runs.snapshot import take_snapshot
from agents_operator.temporal.places import OWN, Place, place_of_run
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from tests.unit.operator.objects import (
    NOW,
    Manifest,
    agent,
    condition,
    listed,
    mcp_server,
    pool,
    provider,
    run,
)
from tests.unit.operator.runs.worlds import INSTALLATION, linked, started, world_of

EU = Place("team", "eu")
ELSEWHERE: Manifest = {"workerPoolRef": {"name": "abroad"}}
POOLS = (pool(status={"contract": 2}), pool("abroad", temporal="eu", status={"contract": 2}))
MAPS = mcp_server(
    spec={"streamableHttp": {"url": "http://maps"}, **ELSEWHERE},
    status={"refreshTime": "2026-03-01T12:00:00Z", "tools": [listed("find")]},
)
MAPS_TOOLS: Manifest = {"tools": [{"mcp": {"serverRef": {"name": "maps"}}}]}
RETRY = timedelta(seconds=10)


@pytest.mark.parametrize(
    ("place", "connection", "keeps"),
    [
        (OWN, None, True),
        (OWN, "eu", False),
        (EU, "eu", True),
        (EU, None, False),
        (EU, "us", False),
        (Place("other", "eu"), "eu", False),
    ],
)
def test_a_run_is_kept_where_its_status_says(place: Place, connection: str | None, *, keeps: bool) -> None:
    kept = run(status={} if connection is None else {"temporalConnection": connection})
    assert place.keeps(kept) is keeps
    assert (place_of_run(kept) == place) is keeps


def test_a_connections_temporal_speaks_only_of_its_own_namespace() -> None:
    assert OWN.may_speak_of("team")
    assert EU.may_speak_of("team")
    assert not EU.may_speak_of("other")


def test_a_pool_works_where_its_spec_says() -> None:
    own, abroad = POOLS
    assert (OWN.serves(own), EU.serves(own)) == (True, False)
    assert (OWN.serves(abroad), EU.serves(abroad)) == (False, True)


@pytest.mark.parametrize(
    ("own", "eu", "shared"), [("a", "b", False), ("a", "a", True), ("", "", False), ("a", "", False)]
)
async def test_two_places_are_one_temporal_when_its_namespace_is_the_same(
    own: str, eu: str, *, shared: bool
) -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)

    def server(place: Place, namespace_id: str) -> TemporalServer:
        target = TemporalTarget("temporal:7233", "agents")
        return TemporalServer.of(
            client,
            INSTALLATION,
            target,
            retention=None,
            state_attribute=False,
            place=place,
            namespace_id=namespace_id,
        )

    servers = TemporalServers(server(OWN, own), World().temporal_connections)
    abroad = server(EU, eu)
    servers.connected(abroad)
    assert (servers.is_shared(servers.own), servers.is_shared(abroad)) == (shared, shared)


def test_a_run_is_started_where_the_pool_of_its_agent_works() -> None:
    world = world_of(provider(), *POOLS, linked("here"), linked("there", spec=ELSEWHERE))
    assert started(of("here"), world).connection is None
    assert started(of("there"), world).connection == "eu"


def test_a_run_that_could_be_handed_to_another_temporal_waits() -> None:
    world = world_of(provider(), *POOLS, linked("here", "there"), linked("there", spec=ELSEWHERE))
    found = refusal(of("here"), world)
    assert found.reason is Reason.HANDOFF_NOT_POSSIBLE
    assert found.message == (
        "Agent there is reached by handoffs, whose WorkerPool abroad works in TemporalConnection eu, and "
        "this one's default in the operator's own Temporal"
    )


def test_a_run_whose_tools_are_called_from_another_temporal_waits() -> None:
    world = world_of(provider(), *POOLS, MAPS, linked("here", spec=MAPS_TOOLS))
    assert refusal(of("here"), world).reason is Reason.MCP_SERVER_NOT_READY


def test_an_agent_that_hands_off_to_another_temporal_is_told() -> None:
    handoffs: Manifest = {"handoffs": [{"agentRef": {"name": "there"}}]}
    world = world_of(provider(), *POOLS, agent("there", ELSEWHERE))
    with pytest.raises(Stalled, match=r"spec.handoffs\[0\] names Agent there, whose WorkerPool abroad works"):
        resolve_handoffs(agent("here", handoffs), provider(), world, retry_interval=RETRY)


def test_an_agent_with_tools_that_are_called_from_another_temporal_is_told() -> None:
    with pytest.raises(Waiting, match="names MCPServer maps, whose WorkerPool abroad works in Temporal"):
        resolve_servers(agent("here", MAPS_TOOLS), world_of(*POOLS, MAPS), retry_interval=RETRY)


@pytest.mark.parametrize("session", ["Local", "Remote"])
def test_only_a_transcript_has_to_be_in_the_same_temporal(session: str) -> None:
    spec: Manifest = {"session": session, "instructions": "Be brief.", **ELSEWHERE}
    local: Manifest = {"remote": None, "observedGeneration": 1, "conditions": [READY]}
    world = world_of(
        provider(), *POOLS, linked("there", spec=spec, status=local if session == "Local" else None)
    )
    follower = of("there", continueFrom={"agentRunRef": {"name": "first"}})
    assert follower.spec.continue_from is not None
    snapshot = take_snapshot(follower, world, installation=INSTALLATION)
    status: Manifest = {
        "finished": True,
        "workflowId": "inst/team/u-0",
        "conversationId": "conv_1",
        "agent": {"id": snapshot.agents[0].remote_id, "version": 1},
    }
    first = run("first", {"agentRef": {"name": "there"}}, status)
    found = continuation(follower, follower.spec.continue_from, first, snapshot, now=NOW)
    if session == "Remote":
        assert not isinstance(found, Finish)
    else:
        assert isinstance(found, Finish)
        assert "AgentRun first is kept in the operator's own Temporal" in found.message


READY = condition("Ready", "True", "Synced")


def of(name: str, **spec: Manifest) -> AgentRun:
    return run(spec={"agentRef": {"name": name}, **spec})


def refusal(wanted: AgentRun, world: World) -> Waiting:
    with pytest.raises(Waiting) as waiting:
        take_snapshot(wanted, world, installation=INSTALLATION)
    return waiting.value
