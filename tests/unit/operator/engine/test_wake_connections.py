"""Who is woken when TemporalConnections come, and when something is found out about them."""

from agents_operator.engine.world import Key
from tests.unit.operator.engine.woken import Woken
from tests.unit.operator.objects import Manifest, agent, condition, mcp_server, pool, run, temporal_connection

READY: Manifest = {"conditions": [condition("Ready", "True", "Available")]}
EU = temporal_connection()
KNOWN = (
    EU,
    pool(),
    pool("abroad", temporal="eu"),
    mcp_server(),
    mcp_server("far", {"streamableHttp": {"url": "http://far"}, "workerPoolRef": {"name": "abroad"}}),
    agent("far", {"workerPoolRef": {"name": "abroad"}}),
    agent("near"),
    run("near-1", {"agentRef": {"name": "near"}}),
    run("far-1", {"agentRef": {"name": "far"}}),
    run("here", status={"workflowId": "inst/team/1"}),
    run("there", status={"workflowId": "inst/team/2", "temporalConnection": "eu"}),
    run("elsewhere", status={"workflowId": "inst/team/3", "temporalConnection": "us"}),
)


async def test_connection_that_comes_is_looked_at() -> None:
    woken = await Woken.knowing()
    woken.see(EU)
    assert await woken.woken() == {"temporal connection eu"}


async def test_its_own_status_wakes_nobody() -> None:
    woken = await Woken.knowing(*KNOWN)
    woken.see(temporal_connection(status=READY, resourceVersion="2"))
    assert await woken.woken() == set()


async def test_what_is_found_out_wakes_who_uses_it() -> None:
    woken = await Woken.knowing(*KNOWN)
    woken.wake.temporal_changed(Key.of(EU))
    assert await woken.woken() == {
        "temporal connection eu",
        "pool abroad",
        "mcp server far",
        "run there",
        "run far-1",
    }
