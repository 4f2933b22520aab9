"""New runs go to a build only when it has what Ready Agents use."""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract import CONTRACT, SECOND_CONTRACT
from agents_crds.v1alpha1 import Agent, Reason, ToolDescription, WorkerPool
from agents_operator.engine.conditions import cut
from agents_operator.engine.world import World
from agents_operator.errors import Stalled, Waiting
from agents_operator.pools.deployment import Surroundings, build_of
from agents_operator.pools.observe import ObservedPool
from agents_operator.pools.rollout import Hold, Serve, Users, plan_rollout, users_of
from agents_operator.pools.status import Offer
from agents_operator.temporal.builds import ObservedBuilds
from tests.unit.operator.objects import (
    DELETED,
    Manifest,
    agent,
    condition,
    mcp_server,
    pool,
    ready_agent,
    tool,
)
from tests.unit.operator.pools.deployments import TEMPORAL

READY: Manifest = {"conditions": [condition("Ready", "True", "Available")]}
NEW = build_of(pool())
OUTPUT_SCHEMA: Manifest = {"outputSchema": {"type": "object"}}


def offer(*names: str, contract: int = CONTRACT) -> Offer:
    return Offer(contract, tuple(ToolDescription.model_validate(tool(name)) for name in names))


def user(name: str, *functions: str, **spec: JsonValue) -> Agent:
    """A Ready Agent with these functions."""
    tools: Manifest = {"tools": [{"function": {"name": function}} for function in functions]}
    return ready_agent(name, {**tools, **spec})


def seen(before: str | None = "b1", *, current: str | None = "b1", force: bool = False) -> ObservedPool:
    """A pool whose spec has just changed, in which `before` was told to its users."""
    stored = pool(status={} if before is None else {"build": before})
    if force:
        rollout = stored.spec.rollout.model_copy(update={"force": True})
        stored = stored.model_copy(update={"spec": stored.spec.model_copy(update={"rollout": rollout})})
    return ObservedPool(stored, (), ObservedBuilds(current, frozenset()), Surroundings("inst", TEMPORAL, ()))


def held(plan: Serve | Hold) -> tuple[Reason, str]:
    assert isinstance(plan, Hold)
    return plan.because.reason, plan.because.message


def test_build_with_every_tool_takes_over() -> None:
    users = Users((user("finance", "pay", "get_rate"),))
    assert plan_rollout(seen(), offer("get_rate", "pay", "more"), users) == Serve(
        offer("get_rate", "pay", "more"), takes_over=True
    )


def test_build_that_lacks_tools_of_ready_agents_waits_and_says_whose_and_what_to_do() -> None:
    users = Users((user("finance", "pay", "get_rate"), user("taxes", "pay", "add"), user("idle")))
    reason, message = held(plan_rollout(seen(), offer("add"), users))
    assert reason is Reason.TOOL_REMOVED
    assert message == (
        f"new runs stay with build b1, for build {NEW} lacks tools that Agents use: get_rate (of finance), "
        "pay (of finance, taxes); let the image offer them again, take them out of the Agents, or set "
        "spec.rollout.force to true"
    )


def test_message_about_very_many_tools_and_agents_still_says_what_to_do() -> None:
    tools = tuple(f"{'t' * 61}_{number:02}" for number in range(50))
    agents = tuple(user(f"{'a' * 59}-{number:02}", *tools) for number in range(50))
    _, message = held(plan_rollout(seen(), offer(), Users(agents)))
    assert cut(message) == message
    assert "and 48 more" in message
    assert "and 47 more; let the image offer them again" in message


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(seen(force=True), id="forced"),
        pytest.param(seen(None, current=None), id="first build"),
        pytest.param(seen(NEW), id="the build is in use already"),
    ],
)
def test_missing_tool_is_no_reason_to_wait(what: ObservedPool) -> None:
    plan = plan_rollout(what, offer(), Users((user("finance", "pay"),)))
    assert plan == Serve(offer(), takes_over=True)


@pytest.mark.parametrize(
    ("users", "named"),
    [
        pytest.param(Users((ready_agent("strict", OUTPUT_SCHEMA),)), "Agent strict", id="agent"),
        pytest.param(Users((), (mcp_server("maps"),)), "MCPServer maps", id="server"),
    ],
)
def test_build_of_an_older_contract_waits_while_somebody_needs_a_later_one(users: Users, named: str) -> None:
    older = offer(contract=SECOND_CONTRACT - 1)
    reason, message = held(plan_rollout(seen(), older, users))
    assert reason is Reason.WORKER_TOO_OLD
    assert f"speaks contract 1, and these need 2: {named}; rebuild its image" in message
    assert isinstance(plan_rollout(seen(force=True), older, users), Serve)
    assert isinstance(plan_rollout(seen(), older, Users((user("simple"),))), Serve)


def test_build_that_nobody_answers_for_or_that_is_no_use_waits() -> None:
    for early in (
        Waiting(Reason.WORKER_NOT_RESPONDING, "nobody", after=timedelta(seconds=1)),
        Stalled(Reason.WORKER_TOO_NEW, "upgrade"),
    ):
        assert plan_rollout(seen(force=True), early, Users()) == Hold(early)


def test_build_that_is_current_is_left_as_it_is() -> None:
    assert plan_rollout(seen(NEW, current=NEW), offer(), Users()) == Serve(offer(), takes_over=False)


def knowing(*agents: Agent, of: WorkerPool) -> Users:
    world = World()
    for each in agents:
        world.agents.see(each)
    return users_of(of, world)


def test_only_ready_agents_of_the_pool_count() -> None:
    finance = user("finance", "pay")
    others = (
        agent("unready", {"tools": [{"function": {"name": "gone"}}]}),
        ready_agent("going", deletionTimestamp=DELETED, finalizers=["x"]),
        ready_agent("suspended", {"suspend": True}),
        user("elsewhere", "gone", workerPoolRef={"name": "other"}),
        ready_agent("foreign", namespace="elsewhere", uid="foreign"),
    )
    assert knowing(finance, *others, of=pool()).agents == (finance,)


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        ("ProviderNotReady", True),
        ("ProviderUnreachable", True),
        ("Progressing", True),
        ("ToolNotFound", False),
        ("ModelNotFound", False),
        ("WorkerPoolNotReady", False),
    ],
)
def test_agent_that_only_waits_for_others_to_be_ready_again_counts(reason: str, *, counts: bool) -> None:
    status: Manifest = {"conditions": [condition("Ready", "False", reason)]}
    unready = agent("unready", {"tools": [{"function": {"name": "pay"}}]}, status)
    assert knowing(unready, of=pool()).agents == ((unready,) if counts else ())


def test_only_ready_servers_that_the_pool_calls_count() -> None:
    world = World()
    for server in (
        mcp_server("maps", status=READY),
        mcp_server("unready"),
        mcp_server(
            "other",
            {"streamableHttp": {"url": "http://x/mcp"}, "workerPoolRef": {"name": "other"}},
            READY,
        ),
    ):
        world.mcp_servers.see(server)
    assert [server.metadata.name for server in users_of(pool(), world).servers] == ["maps"]
