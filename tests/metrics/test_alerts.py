"""Each alert, provoked on real operators and workers; only how long it must be so is left out."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRun
from tests.component.platform import Platform
from tests.component.tenant import NewTenant, Tenant, pool_spec
from tests.component.test_pools import crashed_pod
from tests.metrics.fickle import fickle_provider
from tests.metrics.installs import MeasuredOperator, measured_operator
from tests.metrics.prometheus import Prometheus
from tests.metrics.proxy import proxied
from tests.metrics.rules import shipped_rules
from tests.standin.control import START
from tests.standin.faults import AnswerWith
from tests.user import eventually, manifest
from tools.console import Console
from tools.local.control_plane import ControlPlane
from tools.local.install import install
from tools.local.processes import Processes
from tools.local.temporal import TemporalServer
from tools.parts.obtain import obtain

OPERATORS = "durable-agents-system"
# Longer than what the rule asks for; the 2 minutes have mostly passed when it is looked for, at the end.
STALE_SECONDS = 150
LONG_WAIT = timedelta(seconds=35)


@pytest.fixture(scope="module")
def neighbour(platform: Platform) -> Iterator[tuple[MeasuredOperator, TemporalServer]]:
    """Another install, with a Temporal of its own; its operator does not run yet."""
    platform.kubectl("create", "namespace", "elsewhere")
    directory = platform.directory / "neighbour"
    temporal = TemporalServer(directory / "temporal")
    with Processes.tethered(directory) as own:
        temporal.start(own)
        yield (
            measured_operator(platform, own, "neighbour", serves="elsewhere", temporal=temporal.address),
            temporal,
        )


@pytest.fixture(scope="module")
def deaf(platform: Platform, prometheus: Prometheus) -> Iterator[None]:
    """An operator whose watches bring nothing from now on, in a cluster of its own."""
    directory = platform.directory / "deaf"
    cluster = ControlPlane(directory / "kube", obtain(Console()), install=install)
    with Processes.tethered(directory) as processes:
        cluster.start(processes)
        with (
            fickle_provider() as url,
            proxied(cluster.kubeconfig("operator"), directory) as (proxy, kubeconfig),
        ):
            deaf = measured_operator(platform, processes, "deaf", serves="default", kubeconfig=kubeconfig)
            deaf.start()
            prometheus.watch_operators(deaf.target("deaf"))
            fickle = manifest("ModelProvider", "fickle", {"url": url, "protocol": "ChatCompletions"})
            cluster.kubectl()("apply", "--namespace=default", "--filename=-", stdin=json.dumps(fickle))
            heard = 'durable_agents_watch_last_event_timestamp_seconds{job="deaf",kind="ModelProvider"}'
            eventually(lambda: prometheus.value(heard), lambda when: when > 0)
            proxy.swallows.set()
            yield
            prometheus.forget_operators("deaf")


@pytest.mark.usefixtures("deaf")  # here already: it takes two minutes until that is told
def test_object_that_is_not_ready(prometheus: Prometheus, new_tenant: NewTenant) -> None:
    tenant = new_tenant(with_secret=False)
    alert = on(prometheus, "ObjectNotReady", kind="ModelProvider", name="default", namespace=tenant.namespace)
    assert alert["summary"] == f"ModelProvider default in namespace {tenant.namespace} is not Ready"
    assert alert["description"].startswith("Not since 20")


def test_build_that_does_not_come_into_use(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.wait("workerpool/default", "Ready")
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log, "nowhere.to.be.found")))
    on(prometheus, "RolloutStuck", pool="default", namespace=tenant.namespace)
    broken = eventually(lambda: builds(tenant), lambda found: len(found) == 2)[-1]
    # No kubelet here: the pod is one that somebody has written.
    crashed_pod(tenant, broken, "module nowhere.to.be.found")
    on(prometheus, "WorkersCrashing", name="default", namespace=tenant.namespace)


def test_pool_that_has_no_worker_for_its_tasks(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.finished_run("before", "reader")
    tenant.kubectl("scale", "workerpool/default", "--replicas=0")
    eventually(lambda: tenant.platform.worker_pids(tenant.namespace), lambda pids: pids == ())
    for number in range(3):
        tenant.apply_run(f"late-{number}", "reader")
    alert = on(prometheus, "PoolWithoutWorkers", pool="default", namespace=tenant.namespace)
    assert alert["summary"].endswith("which has no worker")


def test_runs_that_wait_for_a_worker_at_the_most_that_there_may_be(
    prometheus: Prometheus, tenant: Tenant
) -> None:
    scaling: JsonValue = {"minReplicas": 1, "maxReplicas": 1, "runsPerWorker": 1, "backlogPerWorker": 1}
    spec: dict[str, JsonValue] = {**pool_spec(tenant.tool_log), "autoscaling": scaling}
    tenant.apply(manifest("WorkerPool", "default", spec))
    tenant.ready_agent("reader")
    tenant.finished_run("before", "reader")
    with stopped_workers(tenant):
        for number in range(8):
            tenant.apply_run(f"late-{number}", "reader")
        on(prometheus, "PoolAtMaximum", pool="default", namespace=tenant.namespace)
        eventually(lambda: age(tenant, "late-0"), lambda waited: waited > LONG_WAIT, timeout=60)
    on(prometheus, "RunsWaitForWorkers", namespace=tenant.namespace)


def test_agent_that_could_not_be_deleted_at_its_provider(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    (remote,) = tenant.remote_agents()
    tenant.platform.standin.fail("DELETE", f"/v1/agents/{remote.id}", AnswerWith(status=503), times=None)
    tenant.delete("agent/reader", wait=False)
    on(prometheus, "OrphanedRemoteAgents", job="operator")


def test_runs_and_a_provider_that_fail(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    prometheus.wait_for_workers(tenant.namespace)
    said = f"of {tenant.namespace}"
    tenant.platform.standin.fail("POST", START, AnswerWith(status=422), contains=said, times=None)
    for number in range(8):
        tenant.apply_run(f"refused-{number}", "reader", f"{said} {number}")
        tenant.wait_for_reason(f"refused-{number}", "ProviderRejected")
    alert = on(prometheus, "RunsFailing", agent="reader", namespace=tenant.namespace)
    assert alert["summary"].startswith("100% of the runs of Agent reader")
    on(prometheus, "ProviderFailing", provider="default", namespace=tenant.namespace)


def test_runs_that_are_not_started(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.apply_run("lost", "nobody")
    alert = on(prometheus, "RunsNotStarting", timeout=90, namespace=tenant.namespace)
    assert alert["summary"] == f"Runs in namespace {tenant.namespace} are not started", "nobody is no Agent"


def test_provider_without_quota_left(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    prometheus.wait_for_workers(tenant.namespace)
    said = f"of {tenant.namespace}"
    refusal = AnswerWith(status=429, headers={"retry-after": "1"})
    tenant.platform.standin.fail("POST", START, refusal, contains=said, times=None)
    for number in range(3):
        tenant.apply_run(f"patient-{number}", "reader", f"{said} {number}")
    on(prometheus, "ProviderThrottling", provider="default", namespace=tenant.namespace)


def test_tool_that_fails(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.ready_agent("opener", tools=[{"function": {"name": "open_valve"}}])
    prometheus.wait_for_workers(tenant.namespace)
    for number in range(4):
        tenant.finished_run(f"stuck-{number}", "opener", "Please open the valve 'north-7'.")
    on(prometheus, "ToolFailing", tool="open_valve", pool="default", namespace=tenant.namespace)


def test_reconciles_that_fail(prometheus: Prometheus, platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    tenant.finished_run("before", "reader")
    with platform.run_status_forbidden():
        for number in range(3):
            tenant.apply_run(f"unwritten-{number}", "reader")
        on(prometheus, "ReconcileErrors", controller="agentrun", job="operator")


def test_replicas_none_of_which_leads_and_two_that_do(
    prometheus: Prometheus,
    platform: Platform,
    main_operator: MeasuredOperator,
    neighbour: tuple[MeasuredOperator, TemporalServer],
) -> None:
    other, _ = neighbour
    hold_lease(platform, "durable-agents-neighbour", seconds=20)
    prometheus.watch_operators(other.target("neighbour"), main_operator.target("both"), other.target("both"))
    other.start()
    on(prometheus, "OperatorNoLeader", job="neighbour")
    # Nobody renews the Lease.
    alert = on(prometheus, "OperatorManyLeaders", job="both")
    assert alert["summary"] == "2 replicas of the operator lead at once"
    prometheus.forget_operators("both")


def test_temporal_that_is_away(
    prometheus: Prometheus, neighbour: tuple[MeasuredOperator, TemporalServer]
) -> None:
    other, temporal = neighbour
    if not other.operator.runs:
        other.start()
        prometheus.watch_operators(other.target("neighbour"))
    other.operator.processes.kill(temporal.service.name)
    on(prometheus, "SweepErrors", timeout=120, job="neighbour")
    on(prometheus, "TemporalFailing", job="neighbour")


@pytest.mark.usefixtures("deaf")
def test_watch_that_brings_nothing(prometheus: Prometheus) -> None:
    alert = on(prometheus, "WatchStale", timeout=STALE_SECONDS, job="deaf", kind="ModelProvider")
    assert alert["summary"] == "The operator's watch of ModelProviders brings nothing"


def test_operator_that_is_down(prometheus: Prometheus, main_operator: MeasuredOperator) -> None:
    for job in ("deaf", "neighbour"):
        prometheus.forget_operators(job)
    main_operator.kill()
    try:
        # Prometheus itself looks back for as long as five minutes, unless it was told that a series ended.
        on(prometheus, "OperatorDown", timeout=30)
    finally:
        main_operator.start()


def test_every_alert_is_provoked_here() -> None:
    text = Path(__file__).read_text()
    names = (rule.alert.removeprefix("DurableAgents") for rule in shipped_rules())
    assert [name for name in names if f'prometheus, "{name}"' not in text] == []


def on(prometheus: Prometheus, alert_name: str, /, *, timeout: float = 60, **labels: str) -> dict[str, str]:
    """Wait until an alert is on, and return what it tells people."""
    alert = prometheus.wait_for_alert(f"DurableAgents{alert_name}", timeout=timeout, **labels)
    assert "error" not in " ".join(alert.annotations.values())
    return alert.annotations


def age(tenant: Tenant, run: str) -> timedelta:
    """Tell how long ago a run was created."""
    created = tenant.get(AgentRun, run).metadata.creation_timestamp
    assert created is not None
    return datetime.now(UTC) - created


@contextmanager
def stopped_workers(tenant: Tenant) -> Iterator[None]:
    """Let the workers of a namespace hang for a while."""
    pids = tenant.platform.worker_pids(tenant.namespace)
    for pid in pids:
        os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.killpg(pid, signal.SIGCONT)


def hold_lease(platform: Platform, name: str, *, seconds: int) -> None:
    """Let somebody hold a Lease who never renews it."""
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": OPERATORS},
        "spec": {"holderIdentity": "somebody", "leaseDurationSeconds": seconds},
    }
    platform.kubectl("apply", "--filename=-", stdin=json.dumps(lease))


def builds(tenant: Tenant) -> tuple[str, ...]:
    """Name the builds that have a Deployment, in the order in which they came."""
    found = json.loads(
        tenant.kubectl("get", "deployments", "--sort-by=.metadata.creationTimestamp", "--output=json")
    )
    return tuple(item["metadata"]["labels"]["durable-agents.dev/build"] for item in found["items"])
