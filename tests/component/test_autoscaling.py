"""Pools that follow their work, from no worker at all to several and back."""

from pydantic import JsonValue

from agents_crds.v1alpha1 import MCPServer, WorkerPool
from agents_crds.v1alpha1.workerpool import AutoscalingStatus
from tests.component.platform import Platform
from tests.component.tenant import Tenant, agent_spec, pool_spec
from tests.component.tool_servers import NewServer
from tests.standin.control import START, rate_limited
from tests.user import condition, eventually, manifest, stays

RUNS = 10
RETRY_AFTER = 31
"""Seconds; a run that has to wait so long holds no worker."""
QUICK: dict[str, JsonValue] = {
    "maxReplicas": 3,
    "runsPerWorker": 4,
    "scaleDownAfter": "1s",
    "idleTimeout": "2s",
}


def test_pool_grows_with_queued_runs_and_sleeps_when_they_are_over(
    platform: Platform, tenant: Tenant
) -> None:
    sleeping_pool(tenant)
    hold = platform.standin.hold("POST", START)
    names = apply_runs(tenant)
    platform.standin.wait_until_held(hold, at_least=RUNS, timeout=60)
    scaling = eventually(lambda: said(tenant), lambda seen: seen.desired_replicas == 3)
    assert (scaling.executing_runs, scaling.reason) == (RUNS, "Executing")
    eventually(lambda: len(platform.worker_pids(tenant.namespace)), lambda seen: seen == 3)
    eventually(lambda: tenant.get(WorkerPool, "default").status.ready_replicas, lambda seen: seen == 3)
    platform.standin.release(hold)
    for name in names:
        tenant.wait(f"agentrun/{name}", "Succeeded")
    asleep(tenant)
    assert platform.worker_pids(tenant.namespace) == ()
    assert len(tenant.tool_calls()) == RUNS
    reasons = [event.reason for event in tenant.events("WorkerPool/default")]
    assert {"ScaledUp", "ScaledDown"} <= set(reasons)


def test_throttled_runs_let_the_pool_sleep_and_wake_it_when_they_have_waited(
    platform: Platform, tenant: Tenant
) -> None:
    sleeping_pool(tenant)
    platform.standin.fail("POST", START, rate_limited(RETRY_AFTER), times=RUNS)
    names = apply_runs(tenant)
    eventually(lambda: said(tenant), lambda seen: seen.waiting_runs == RUNS, timeout=60)
    asleep(tenant)
    assert said(tenant).waiting_runs == RUNS
    assert condition(tenant.get(WorkerPool, "default"), "Ready").status == "True"
    eventually(lambda: said(tenant), lambda seen: seen.desired_replicas > 0, timeout=RETRY_AFTER + 30)
    for name in names:
        tenant.wait(f"agentrun/{name}", "Succeeded", timeout=90)
    asleep(tenant)


def test_cancel_of_a_run_that_waits_wakes_no_worker(platform: Platform, tenant: Tenant) -> None:
    sleeping_pool(tenant)
    platform.standin.fail("POST", START, rate_limited(3600), times=None)
    tenant.apply_run("slow", "reader")
    tenant.wait_for_reason("slow", "Waiting")
    asleep(tenant)
    tenant.kubectl("patch", "agentrun/slow", "--type=merge", '--patch={"spec":{"shutdown":"Cancel"}}')
    tenant.wait_for_reason("slow", "Cancelled")
    changes = len(tenant.events("WorkerPool/default"))
    # Its task is there for a minute.
    for scaling in stays(lambda: said(tenant), seconds=20):
        assert scaling.desired_replicas == 0
    assert len(tenant.events("WorkerPool/default")) == changes


def test_sleeping_pool_is_asked_for_nothing_and_its_agents_stay_ready(
    tenant: Tenant, new_server: NewServer
) -> None:
    server = new_server("maps")
    server.start()
    tenant.apply(server.manifest(interval="20s"))
    sleeping_pool(tenant)
    tenant.wait(f"mcpserver/{server.name}", "Ready")
    asleep(tenant)
    listed = tenant.get(MCPServer, server.name).status.refresh_time
    # Longer than pools and servers are left alone when there are workers.
    for look in stays(lambda: said(tenant), seconds=25):
        assert (look.desired_replicas, look.backlog) == (0, 0)
    assert tenant.get(MCPServer, server.name).status.refresh_time == listed
    for target in ("workerpool/default", f"mcpserver/{server.name}", "agent/reader"):
        tenant.wait(target, "Ready", timeout=1)


def test_new_server_wakes_the_pool_to_be_listed(tenant: Tenant, new_server: NewServer) -> None:
    server = new_server("maps")
    server.start()
    sleeping_pool(tenant)
    tenant.apply(server.manifest())
    tenant.wait(f"mcpserver/{server.name}", "Ready")
    asleep(tenant)


def sleeping_pool(tenant: Tenant) -> None:
    """Let the pool follow its work, and wait until it has no worker, and an Agent that is Ready."""
    scale_with_work(tenant)
    tenant.ready_agent("reader", **agent_spec())
    asleep(tenant)


def scale_with_work(tenant: Tenant) -> None:
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log) | {"autoscaling": QUICK}))


def asleep(tenant: Tenant) -> None:
    """Wait until the pool has no worker."""
    eventually(
        lambda: (tenant.get(WorkerPool, "default").status, tenant.platform.worker_pids(tenant.namespace)),
        lambda seen: (
            seen[0].autoscaling is not None and seen[0].autoscaling.desired_replicas == 0 and seen[1] == ()
        ),
        timeout=60,
    )


def said(tenant: Tenant) -> AutoscalingStatus:
    """Read what the pool's status says of its work."""
    scaling = tenant.get(WorkerPool, "default").status.autoscaling
    assert scaling is not None
    return scaling


def apply_runs(tenant: Tenant) -> tuple[str, ...]:
    """Apply runs, all at once."""
    names = tuple(f"run-{number}" for number in range(RUNS))
    spec: JsonValue = {"agentRef": {"name": "reader"}, "input": "Please read the meter 'north-7'."}
    assert isinstance(spec, dict)
    tenant.apply(*(manifest("AgentRun", name, spec) for name in names))
    return names
