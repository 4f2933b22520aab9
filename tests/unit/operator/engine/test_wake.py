from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.unit.operator.engine.woken import Change, Watched, Woken
from tests.unit.operator.objects import (
    DELETED,
    Manifest,
    agent,
    condition,
    in_step,
    pool,
    provider,
    ready_agent,
    run,
    tool,
)

STARTED: Manifest = {"workflowId": "inst/team/uid"}
FINISHED: Manifest = {"workflowId": "inst/team/uid", "finished": True}
READY: Manifest = {"conditions": [condition("Ready", "True", "Available")]}
NOT_READY: Manifest = {"conditions": [condition("Ready", "False", "SecretNotFound")]}
UNPROVIDED: Manifest = {"conditions": [condition("Ready", "False", "ProviderNotReady")]}
PAYING: Manifest = {"tools": [{"function": {"name": "pay"}}]}
HELD: Manifest = {"conditions": [condition("Progressing", "True", "ToolRemoved")]}


OURS = (agent(), run(), provider(), pool())
"""An Agent that is not Ready, a run that waits for it, and what it refers to."""

ALIENS = (
    agent("alien", {"providerRef": {"name": "other"}, "workerPoolRef": {"name": "other"}}),
    run("alien-1", {"agentRef": {"name": "alien"}}),
    agent(namespace="elsewhere", uid="elsewhere"),
    run(namespace="elsewhere", uid="elsewhere-1"),
)
"""Objects that have nothing to do with them."""

CASES = (
    Change("agent comes", (run(), pool()), agent(), {"agent finance", "run rates-1"}),
    Change(
        "agent gets ready",
        (*OURS, run("started", status=STARTED), run("finished", status=FINISHED)),
        ready_agent(resourceVersion="2"),
        {"run rates-1"},
    ),
    Change(
        "agent is no longer ready",
        (ready_agent(), run()),
        agent(
            status={
                "observedGeneration": 1,
                "conditions": [condition("Ready", "False", "ProviderNotFound")],
            },
            resourceVersion="2",
        ),
        {"run rates-1"},
    ),
    Change(
        "agent's spec changes",
        (ready_agent(), run(), pool()),
        agent(spec={"model": "other"}, status=in_step(), resourceVersion="2", generation=2),
        {"agent finance", "run rates-1"},
    ),
    Change(
        "agent's provider changes",
        (agent(), pool(), pool("gpu")),
        agent(spec={"providerRef": {"name": "other"}}, resourceVersion="2", generation=2),
        {"agent finance"},
    ),
    Change(
        "agent is deleted",
        (ready_agent(), pool()),
        ready_agent(resourceVersion="2", deletionTimestamp=DELETED),
        {"agent finance"},
    ),
    Change(
        "agent's label changes",
        (*OURS, *ALIENS),
        agent(resourceVersion="2", labels={"team": "blue"}),
        set(),
    ),
    Change(
        "agent's finalizer is written",
        OURS,
        agent(resourceVersion="2", finalizers=["durable-agents.dev/remote-agent"]),
        set(),
    ),
    Change(
        "agent's remote agent is recorded",
        OURS,
        agent(status={"remote": {"createPending": True}}, resourceVersion="2"),
        set(),
    ),
    Change("run comes", (agent(), provider(), pool()), run(), {"run rates-1"}),
    Change("run's label changes", OURS, run(resourceVersion="2", labels={"team": "blue"}), set()),
    Change("run is started", OURS, run(status=STARTED, resourceVersion="2"), set()),
    Change("run is finished", OURS, run(status=FINISHED, resourceVersion="2"), set()),
    Change(
        "run of a deleted agent is finished",
        (agent(deletionTimestamp=DELETED), run(status=STARTED)),
        run(status=FINISHED, resourceVersion="2"),
        {"agent finance"},
    ),
    Change(
        "run is deleted while a finalizer holds it",
        OURS,
        run(resourceVersion="2", deletionTimestamp=DELETED),
        {"run rates-1"},
    ),
    Change(
        "run is finished while a pool waits for its end",
        (pool(deletionTimestamp=DELETED), pool("other"), run(status=STARTED)),
        run(status=FINISHED, resourceVersion="2"),
        {"pool default"},
    ),
    Change(
        "agent needs other tools while its pool keeps a build waiting for it",
        (ready_agent(spec=PAYING), pool(status=HELD), pool("other", status=HELD)),
        ready_agent(resourceVersion="2", generation=2),
        {"agent finance", "pool default"},
    ),
    Change(
        "agent is no longer ready while its pool keeps a build waiting for it",
        (ready_agent(), pool(status=HELD)),
        agent(status=NOT_READY, resourceVersion="2"),
        {"pool default"},
    ),
    Change(
        "agent waits for its provider while its pool keeps a build waiting for it",
        (ready_agent(), pool(status=HELD)),
        agent(status=UNPROVIDED, resourceVersion="2"),
        set(),
    ),
    Change(
        "pool is deleted",
        (*OURS, *ALIENS),
        pool(resourceVersion="2", deletionTimestamp=DELETED),
        {"pool default", "agent finance"},
    ),
    Change(
        "run's ttl changes",
        OURS,
        run(spec={"ttlSecondsAfterFinished": 60}, resourceVersion="2", generation=2),
        {"run rates-1"},
    ),
    Change(
        "somebody speaks to a run that goes on, or stops it",
        (ready_agent(), run(status=STARTED)),
        run(
            spec={"userInputs": [{"id": "a", "text": "Hello"}], "shutdown": "Stop"},
            status=STARTED,
            resourceVersion="2",
            generation=2,
        ),
        {"run rates-1"},
    ),
    Change(
        "provider comes",
        (agent(), run(), pool(), *ALIENS),
        provider(),
        {"provider default", "agent finance", "run rates-1", "pool default"},
    ),
    Change(
        "provider gets ready",
        (*OURS, *ALIENS),
        provider(status=READY, resourceVersion="2"),
        {"agent finance", "pool default"},
    ),
    Change(
        "provider's key is elsewhere",
        (*OURS, *ALIENS),
        provider(spec={"apiKeySecretRef": {"name": "new"}}, resourceVersion="2", generation=2),
        {"provider default", "agent finance", "pool default"},
    ),
    Change(
        "provider is still not ready, for another reason",
        (agent(), provider(status=NOT_READY), pool()),
        provider(
            status={"conditions": [condition("Ready", "False", "ProviderUnauthorized")]}, resourceVersion="2"
        ),
        set(),
    ),
    Change(
        "provider's label changes",
        OURS,
        provider(resourceVersion="2", labels={"team": "blue"}),
        set(),
    ),
    Change(
        "pool comes",
        (agent(), run(), provider(), *ALIENS),
        pool(),
        {"pool default", "agent finance", "run rates-1"},
    ),
    Change(
        "pool gets ready",
        (*OURS, *ALIENS),
        pool(status=READY, resourceVersion="2"),
        {"agent finance"},
    ),
    Change(
        "pool offers another tool",
        (*OURS, *ALIENS),
        pool(status={"tools": [tool("get_rate")]}, resourceVersion="2"),
        {"agent finance"},
    ),
    Change(
        "pool is scaled",
        OURS,
        pool(replicas=2, resourceVersion="2", generation=2),
        {"pool default"},
    ),
    Change(
        "pool's current build is recorded",
        OURS,
        pool(status={"build": "b1", "observedGeneration": 1}, resourceVersion="2"),
        {"agent finance"},
    ),
    Change(
        "pool's workers speak another contract",
        (*OURS, *ALIENS),
        pool(status={"contract": 2}, resourceVersion="2"),
        {"agent finance", "run rates-1"},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
async def test_change_wakes_those_that_depend_on_it(case: Change) -> None:
    woken = await Woken.knowing(*case.known)
    woken.see(case.then)
    assert await woken.woken() == case.woken


@dataclass(frozen=True)
class Departure:
    """What is known, what goes, and whom that wakes."""

    title: str
    known: tuple[Watched, ...]
    gone: Watched
    woken: set[str]


DEPARTURES = (
    Departure("unstarted run", OURS, run(), {"run rates-1"}),
    Departure("started run", (agent(), run(status=STARTED)), run(), {"run rates-1"}),
    Departure("finished run", (agent(), run(status=FINISHED)), run(), set()),
    Departure(
        "last run of a deleted agent",
        (agent(deletionTimestamp=DELETED), run()),
        run(),
        {"run rates-1", "agent finance"},
    ),
    Departure("agent", OURS, agent(), {"run rates-1"}),
    Departure("provider", (*OURS, *ALIENS), provider(), {"agent finance", "pool default"}),
    Departure("pool", (*OURS, *ALIENS), pool(), {"agent finance"}),
)


@pytest.mark.parametrize("case", DEPARTURES, ids=lambda case: case.title)
async def test_departure_wakes_those_that_it_leaves(case: Departure) -> None:
    woken = await Woken.knowing(*case.known)
    woken.forget(case.gone)
    assert await woken.woken() == case.woken


ORDERS: dict[str, Callable[[], tuple[Watched, ...]]] = {
    "run first": lambda: (run(), ready_agent(), provider(), pool()),
    "agent before its provider": lambda: (ready_agent(), run(), pool(), provider()),
    "agent before its pool": lambda: (ready_agent(), run(), provider(), pool()),
    "run last": lambda: (pool(), provider(), ready_agent(), run()),
}


@pytest.mark.parametrize("order", ORDERS)
async def test_run_is_woken_when_the_last_thing_that_it_needs_is_seen(order: str) -> None:
    """After a restart the kinds are listed in any order, and the Agent itself has nothing to do."""
    woken = Woken()
    *earlier, last = ORDERS[order]()
    for stored in earlier:
        woken.see(stored)
    await woken.woken()
    woken.see(last)
    assert "run rates-1" in await woken.woken()
