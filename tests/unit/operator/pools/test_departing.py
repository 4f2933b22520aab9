"""What a pool that is being deleted waits for, and when it waits no more."""

from datetime import timedelta

import pytest

from agents_crds.contract.names import RunIdentity
from agents_crds.v1alpha1 import AgentRun, Reason
from agents_operator.engine.conditions import cut
from agents_operator.engine.world import World
from agents_operator.pools.departing import (
    SETTLED,
    EndRuns,
    LetGo,
    Needed,
    Stay,
    Unknown,
    plan_deletion,
    runs_needing,
)
from agents_operator.temporal.queues import OpenOnQueue
from tests.unit.operator.objects import NOW, Manifest, mcp_server, pool, ready_agent, run

STARTED: Manifest = {"workflowId": "inst/team/uid"}
NOTHING = Needed(OpenOnQueue(), ())
OWN_RUN = Needed(OpenOnQueue(runs=(RunIdentity("inst", "team", "u-1"),)), ())
HANDED_OVER = Needed(OpenOnQueue(), (run(status=STARTED),))
LOOP = Needed(OpenOnQueue(loops=("inst/team/loops/a",)), ())
OTHERS = Needed(OpenOnQueue(loops=("inst/team/loops/a",), others=("mine",)), ())
AWAY = Unknown("Temporal cannot be reached", for_good=False)
GONE = Unknown("there is no TemporalConnection eu", for_good=True)
LEFT, OVER = timedelta(minutes=1), timedelta()


def planned(
    needed: Needed | Unknown,
    left: timedelta = LEFT,
    *,
    namespace_goes: bool = False,
    names: int = 1,
    looked: timedelta = SETTLED,
) -> LetGo | Stay | EndRuns:
    return plan_deletion(
        pool("gpu"),
        needed,
        tuple(f"run-{number}" for number in range(names)),
        since=NOW - looked,
        until=NOW + left,
        now=NOW,
        namespace_goes=namespace_goes,
    )


@pytest.mark.parametrize(
    ("needed", "left", "namespace_goes"),
    [
        pytest.param(NOTHING, LEFT, False, id="nothing needs it"),
        pytest.param(GONE, OVER, False, id="nobody can ever tell, and the time is over"),
        pytest.param(GONE, LEFT, True, id="nobody can ever tell, and its namespace goes"),
        pytest.param(AWAY, LEFT, True, id="Temporal is away, and its namespace goes"),
    ],
)
def test_pool_goes(needed: Needed | Unknown, left: timedelta, *, namespace_goes: bool) -> None:
    assert planned(needed, left, namespace_goes=namespace_goes) == LetGo()


@pytest.mark.parametrize(
    ("needed", "left", "says"),
    [
        pytest.param(OWN_RUN, LEFT, "1 unfinished run (run-0); what goes on at 12:01:30Z is ended", id="run"),
        pytest.param(HANDED_OVER, LEFT, "1 unfinished run (run-0)", id="run that hands off"),
        pytest.param(
            GONE, LEFT, "cannot be told whether runs still need its workers: there is no", id="gone"
        ),
        pytest.param(AWAY, OVER, "workers: Temporal cannot be reached", id="Temporal is away"),
    ],
)
def test_pool_stays_and_says_what_for(needed: Needed | Unknown, left: timedelta, says: str) -> None:
    stays = planned(needed, left)
    assert isinstance(stays, Stay)
    assert says in stays.message


def test_pool_that_nothing_needs_waits_for_runs_that_are_being_started() -> None:
    stays = planned(NOTHING, looked=timedelta(seconds=1))
    assert stays == Stay("nothing is known to need its workers: it goes within seconds")
    assert planned(NOTHING, looked=timedelta(), namespace_goes=True) == LetGo()


@pytest.mark.parametrize(
    ("needed", "says"),
    [(LOOP, "ended: 1 workflow of your own;"), (OTHERS, "ended: 2 workflows of your own;")],
)
def test_workflows_of_users_keep_the_workers_too(needed: Needed, says: str) -> None:
    stays = planned(needed, names=0)
    assert isinstance(stays, Stay)
    assert says in stays.message


def test_message_names_a_few_of_very_many_runs() -> None:
    stays = planned(OTHERS, names=5000)
    assert isinstance(stays, Stay)
    assert "5000 unfinished runs (run-0, run-1, run-2 and 4997 more) and 2 workflows of" in stays.message
    assert cut(stays.message) == stays.message


@pytest.mark.parametrize(("left", "namespace_goes"), [(OVER, False), (LEFT, True)])
@pytest.mark.parametrize("needed", [OWN_RUN, HANDED_OVER, LOOP])
def test_what_needs_it_is_ended_when_nobody_waits_any_more(
    needed: Needed, left: timedelta, *, namespace_goes: bool
) -> None:
    ends = planned(needed, left, namespace_goes=namespace_goes)
    assert isinstance(ends, EndRuns)
    assert ends.verdict.reason is Reason.WORKER_POOL_DELETED
    assert ends.verdict.message.startswith("WorkerPool gpu was deleted")


def under_way(name: str, agent: str, *reached: str) -> AgentRun:
    agents: list[object] = [{"name": each, "id": "ag_1"} for each in (agent, *reached)]
    return AgentRun.model_validate(
        run(name, {"agentRef": {"name": agent}}).manifest() | {"status": {**STARTED, "agents": agents}}
    )


def test_runs_need_a_pool_by_their_own_agent_by_handoffs_and_by_mcp_servers() -> None:
    world = World()
    elsewhere: Manifest = {"workerPoolRef": {"name": "other"}}
    for agent in (
        ready_agent("own"),
        ready_agent("front", elsewhere),
        ready_agent("caller", {**elsewhere, "tools": [{"mcp": {"serverRef": {"name": "maps"}}}]}),
        ready_agent("alien", elsewhere),
    ):
        world.agents.see(agent)
    world.mcp_servers.see(mcp_server("maps"))
    for each in (
        under_way("direct", "own"),
        under_way("handing", "front", "own"),
        under_way("calling", "caller"),
        under_way("foreign", "alien"),
        run("unstarted", {"agentRef": {"name": "own"}}),
        run("finished", {"agentRef": {"name": "own"}}, {**STARTED, "finished": True}),
    ):
        world.runs.see(each)
    found = {each.metadata.name for each in runs_needing(pool(), world)}
    assert found == {"direct", "handing", "calling"}
