"""Runs that wait are woken by whatever their Agents lead to."""

import time

import pytest

from agents_crds.v1alpha1 import Agent
from tests.unit.operator.engine.woken import Watched, Woken
from tests.unit.operator.objects import Manifest, condition, mcp_server, pool, provider, run
from tests.unit.operator.runs.worlds import linked

NOT_READY: Manifest = {"conditions": [condition("Ready", "False", "ModelNotFound")]}
OF_FRONT = run("waiting", {"agentRef": {"name": "front"}})
STARTED = run("started", {"agentRef": {"name": "front"}}, {"workflowId": "inst/team/uid"})
OF_STRANGER = run("other", {"agentRef": {"name": "stranger"}})
RUNS = (OF_FRONT, STARTED, OF_STRANGER)
USES: Manifest = {"tools": [{"mcp": {"serverRef": {"name": "maps"}}}]}


def newer(stored: Agent, status: Manifest | None = None) -> Agent:
    """A later state of an Agent."""
    changed = stored.manifest()
    changed["metadata"] = {**stored.metadata.manifest(), "resourceVersion": "2"}
    changed["status"] = {**stored.status.manifest(), **(status or {})}
    return Agent.model_validate(changed)


async def woken_runs(known: tuple[Watched, ...], then: Watched) -> set[str]:
    woken = Woken()
    for stored in (*RUNS, *known):
        woken.see(stored)
    await woken.woken()
    woken.see(then)
    return {name for name in await woken.woken() if name.startswith("run ")}


CHAIN = (linked("front", "middle"), linked("middle", "back", "front"), linked("back"), linked("stranger"))


@pytest.mark.parametrize("name", ["front", "middle", "back"])
async def test_change_of_an_agent_wakes_the_runs_of_those_that_lead_to_it(name: str) -> None:
    (changing,) = (agent for agent in CHAIN if agent.metadata.name == name)
    assert await woken_runs(CHAIN, newer(changing, NOT_READY)) == {"run waiting"}
    known = tuple(agent for agent in CHAIN if agent is not changing)
    assert await woken_runs(known, changing) == {"run waiting"}


async def test_departure_of_an_agent_wakes_the_runs_of_those_that_lead_to_it() -> None:
    woken = Woken()
    for stored in (*RUNS, *CHAIN):
        woken.see(stored)
    await woken.woken()
    woken.forget(CHAIN[2])
    assert "run waiting" in await woken.woken()


async def test_agent_that_is_unlinked_wakes_its_runs() -> None:
    remote: Manifest = {"remote": {"id": "ag_front", "version": 1, "handoffs": []}}
    assert await woken_runs(CHAIN, newer(CHAIN[0], remote)) == {"run waiting"}


async def test_what_does_not_concern_runs_wakes_none() -> None:
    remote: Manifest = {"remote": {"id": "ag_back", "version": 1, "hash": "new"}}
    assert await woken_runs(CHAIN, newer(CHAIN[2], remote)) == set()


async def test_arrival_of_a_pool_or_provider_wakes_the_runs_of_those_that_lead_to_its_agents() -> None:
    elsewhere: Manifest = {"workerPoolRef": {"name": "gpu"}, "providerRef": {"name": "eu"}}
    known = (linked("front", "back"), linked("back", spec=elsewhere), linked("stranger"))
    assert await woken_runs(known, pool("gpu")) == {"run waiting"}
    assert await woken_runs(known, provider("eu")) == {"run waiting"}


async def test_server_and_its_pool_wake_the_runs_that_can_come_to_its_tools() -> None:
    known = (linked("front", "back"), linked("back", spec=USES), linked("stranger"))
    server = mcp_server(spec={"stdio": {"command": "maps"}, "workerPoolRef": {"name": "tools"}})
    assert await woken_runs(known, server) == {"run waiting"}
    old, new = pool("tools"), pool("tools", status={"contract": 2}, resourceVersion="2")
    assert await woken_runs((*known, server, old), new) == {"run waiting"}


async def test_ten_thousand_waiting_runs_are_woken_at_once() -> None:
    """A thousand Agents lead to one; a look at every run for each of them would take seconds."""
    woken = Woken()
    for number in range(1000):
        woken.see(linked(f"agent-{number}", "back"))
    for number in range(10_000):
        woken.see(run(f"run-{number}", {"agentRef": {"name": f"agent-{number % 1000}"}}))
    await woken.woken()
    begun = time.process_time()
    woken.see(pool())
    woken.see(linked("back"))
    assert time.process_time() - begun < 1
    assert len([name for name in await woken.woken() if name.startswith("run ")]) == 10_000


@pytest.mark.parametrize(
    "more",
    [
        {"conditions": [condition("Ready", "False", "ModelNotFound", "says it otherwise")]},
        {
            "conditions": [
                condition("Ready", "False", "ModelNotFound"),
                condition("Degraded", "True", "MCPServerNotReady"),
            ]
        },
    ],
    ids=["other words", "another condition"],
)
async def test_agent_that_only_says_more_wakes_no_run(more: Manifest) -> None:
    """Ten thousand that repeat its message would be written again each time."""
    failing = linked("front", "middle", status=NOT_READY)
    assert await woken_runs((failing,), newer(failing, more)) == set()


async def test_thousand_agents_that_change_do_not_look_at_every_run() -> None:
    woken = Woken()
    agents = [linked(f"agent-{number}", f"agent-{(number + 1) % 1000}") for number in range(1000)]
    for stored in agents:
        woken.see(stored)
    for number in range(10_000):
        woken.see(run(f"run-{number}", {"agentRef": {"name": "missing"}}))
    await woken.woken()
    begun = time.process_time()
    for stored in agents[:200]:
        woken.see(newer(stored, NOT_READY))
    assert time.process_time() - begun < 2
