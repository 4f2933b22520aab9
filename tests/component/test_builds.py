"""Builds of a WorkerPool: what keeps new runs from one, and the way back while runs go on both."""

import json

from agents_crds.v1alpha1 import Agent, Condition, WorkerPool
from tests.component.platform import Platform
from tests.component.tenant import TEST_MODULES, Tenant, pool_spec
from tests.user import condition, eventually, manifest, stays

# A version of a worker deployment is drained some seconds after its last workflow, and looked at every 30 s.
SECONDS_TO_DRAIN = 60
# It has no tool.
TOOLLESS = "tests.component.flows"


def test_build_without_a_tool_that_a_ready_agent_uses_waits_until_none_does(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    old = current(tenant)
    edit(tenant, TOOLLESS)
    removed = rollout(tenant, "ToolRemoved")
    assert removed.status == "True"
    assert "lacks tools that Agents use: read_meter (of reader); let the image offer them" in removed.message
    assert "or set spec.rollout.force to true" in removed.message
    ready = condition(tenant.get(WorkerPool, "default"), "Ready")
    assert (ready.status, ready.reason) == ("True", "Available")
    assert [event.reason for event in tenant.events("WorkerPool/default")].count("ToolRemoved") == 1
    assert condition(tenant.get(Agent, "reader"), "Ready").status == "True"
    tenant.finished_run("meanwhile", "reader")
    assert platform.workflow_build(tenant.workflow_of("meanwhile")) == old
    tenant.apply_agent("reader", tools=[])
    rollout(tenant, "RolloutComplete", within=10)
    assert current(tenant) != old
    tenant.finished_run("after", "reader")
    assert platform.workflow_build(tenant.workflow_of("after")) == current(tenant)


def test_build_without_a_tool_takes_over_when_that_is_forced(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    old = current(tenant)
    edit(tenant, TOOLLESS)
    rollout(tenant, "ToolRemoved")
    merge(tenant, {"rollout": {"force": True}})
    rollout(tenant, "RolloutComplete")
    assert current(tenant) != old
    eventually(
        lambda: condition(tenant.get(Agent, "reader"), "Ready").reason, lambda seen: seen == "ToolNotFound"
    )


def test_agent_that_needs_a_tool_of_the_next_build_gets_it_with_that_build(tenant: Tenant) -> None:
    edit(tenant, TOOLLESS)
    tenant.wait("workerpool/default", "Ready")
    tenant.ready_agent("talker", tools=[])
    tenant.apply_agent("talker")
    edit(tenant)
    tenant.wait("agent/talker", "Ready")
    rollout(tenant, "RolloutComplete")


def test_build_that_never_gets_ready_takes_no_run_and_the_way_back_is_the_spec_before(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    old = current(tenant)
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("early", "reader")
    platform.standin.wait_until_held(hold)
    edit(tenant, "nowhere.to.be.found")
    rollout(tenant, "WorkerNotResponding")
    tenant.finished_run("meanwhile", "reader")
    assert platform.workflow_build(tenant.workflow_of("meanwhile")) == old
    edit(tenant)
    rollout(tenant, "RolloutComplete")
    assert builds(tenant) == {old}
    platform.standin.release(hold)
    tenant.wait("agentrun/early", "Succeeded")
    assert platform.workflow_build(tenant.workflow_of("early")) == old


def test_spec_goes_back_while_runs_go_on_both_builds(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    first = current(tenant)
    holds = [held_run(platform, tenant, "on-first")]
    edit(tenant, EDITION="second")
    second = eventually(lambda: current(tenant), lambda seen: seen != first)
    holds.append(held_run(platform, tenant, "on-second"))
    edit(tenant)
    eventually(lambda: current(tenant), lambda seen: seen == first)
    tenant.finished_run("back", "reader")
    assert platform.workflow_build(tenant.workflow_of("back")) == first
    assert builds(tenant) == {first, second}
    for hold in holds:
        platform.standin.release(hold)
    tenant.wait("agentrun/on-first", "Succeeded")
    tenant.wait("agentrun/on-second", "Succeeded")
    assert platform.workflow_build(tenant.workflow_of("on-first")) == first
    assert platform.workflow_build(tenant.workflow_of("on-second")) == second
    eventually(lambda: builds(tenant), lambda seen: seen == {first}, timeout=SECONDS_TO_DRAIN)


def test_third_build_comes_while_the_second_still_has_runs(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    known = [current(tenant)]
    holds = [held_run(platform, tenant, "run-1")]
    for number in (2, 3):
        edit(tenant, EDITION=str(number))
        known.append(eventually(lambda: current(tenant), lambda seen: seen not in known))
        holds.append(held_run(platform, tenant, f"run-{number}"))
    for seen in stays(lambda: builds(tenant), seconds=3):
        assert seen == set(known)
    for number, build in enumerate(known, start=1):
        assert platform.workflow_build(tenant.workflow_of(f"run-{number}")) == build
        platform.standin.release(holds[number - 1])
        tenant.wait(f"agentrun/run-{number}", "Succeeded")
    eventually(lambda: builds(tenant), lambda seen: seen == {known[-1]}, timeout=SECONDS_TO_DRAIN)


def held_run(platform: Platform, tenant: Tenant, name: str) -> str:
    """Start a run that stands still in its first model call."""
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run(name, "reader")
    platform.standin.wait_until_held(hold)
    return hold


def current(tenant: Tenant) -> str:
    return str(tenant.get(WorkerPool, "default").status.build)


def builds(tenant: Tenant) -> set[str]:
    names = tenant.kubectl("get", "deployments", "--output=jsonpath={.items[*].metadata.name}").split()
    return {name.removeprefix("default-") for name in names}


def edit(tenant: Tenant, modules: str = TEST_MODULES, **variables: str) -> None:
    """Change what the pool's workers are."""
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log, modules, **variables)))


def merge(tenant: Tenant, spec: dict[str, object]) -> None:
    patch = json.dumps({"spec": spec})
    tenant.kubectl("patch", "workerpool/default", "--type=merge", f"--patch={patch}")


def rollout(tenant: Tenant, reason: str, *, within: float = 60) -> Condition:
    """Wait until the pool's Progressing has that reason."""
    return eventually(
        lambda: condition(tenant.get(WorkerPool, "default"), "Progressing"),
        lambda seen: seen.reason == reason,
        timeout=within,
    )
