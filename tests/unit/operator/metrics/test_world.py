"""What is read off the objects when Prometheus asks."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from pydantic import JsonValue

from agents_crds.v1alpha1.workerpool import Autoscaling
from agents_operator.engine.world import World
from agents_operator.metrics import LeaderCollector
from tests.unit.operator.objects import Manifest, agent, condition, pool, provider, run

CREATED = "2026-03-01T11:00:00Z"
CREATED_AT = datetime(2026, 3, 1, 11, tzinfo=UTC).timestamp()


def registry(world: World, *, leads: bool = True) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(LeaderCollector(world, (), lambda: leads))
    return registry


def test_only_the_replica_that_leads_tells_of_the_objects() -> None:
    world = World()
    world.agents.see(agent(resourceVersion="1"))
    standby = registry(world, leads=False)
    assert [family.name for family in standby.collect()] == ["durable_agents_leader"]
    assert standby.get_sample_value("durable_agents_leader") == 0
    assert registry(world).get_sample_value("durable_agents_leader") == 1


def test_objects_are_counted_by_whether_they_are_ready() -> None:
    world = World()
    ready: list[JsonValue] = [condition("Ready", "True", "Available")]
    world.providers.see(provider(status={"conditions": ready}, resourceVersion="1"))
    world.providers.see(provider("other", uid="u-2", resourceVersion="1", creationTimestamp=CREATED))
    found = registry(world)
    labels = {"kind": "ModelProvider", "namespace": "team"}
    assert found.get_sample_value("durable_agents_resources", {**labels, "ready": "True"}) == 1
    assert found.get_sample_value("durable_agents_resources", {**labels, "ready": "Unknown"}) == 1
    since = "durable_agents_resource_not_ready_timestamp_seconds"
    (sample,) = (each for family in found.collect() for each in family.samples if each.name == since)
    assert (sample.labels["name"], sample.labels["reason"]) == ("other", "Pending")
    assert sample.value == CREATED_AT, "nobody has looked at it since it was created"


def test_runs_are_told_by_what_they_do_and_the_oldest_that_was_not_started() -> None:
    world = World()
    world.agents.see(agent(resourceVersion="1"))
    waiting: Manifest = {"conditions": [condition("Succeeded", "Unknown", "AgentNotReady")]}
    going: Manifest = {"workflowId": "w", "conditions": [condition("Succeeded", "Unknown", "Running")]}
    moments = (CREATED, "2026-03-01T12:00:00Z")
    for number, created in enumerate(moments):
        world.runs.see(
            run(
                f"w-{number}",
                status=waiting,
                uid=f"w{number}",
                resourceVersion="1",
                creationTimestamp=created,
            )
        )
    world.runs.see(run("g", status=going, uid="g", resourceVersion="1", creationTimestamp=CREATED))
    found = registry(world)
    labels = {"namespace": "team", "agent": "finance"}
    unfinished, oldest = (
        "durable_agents_unfinished_runs",
        "durable_agents_oldest_unstarted_run_timestamp_seconds",
    )
    assert found.get_sample_value(unfinished, {**labels, "reason": "AgentNotReady"}) == 2
    assert found.get_sample_value(unfinished, {**labels, "reason": "Running"}) == 1
    assert found.get_sample_value(oldest, {**labels, "reason": "AgentNotReady"}) == CREATED_AT
    assert found.get_sample_value(oldest, {**labels, "reason": "Running"}) is None


def test_runs_of_agents_that_there_are_not_have_one_series() -> None:
    world = World()
    for name in ("one", "two"):
        spec: Manifest = {"agentRef": {"name": name}}
        world.runs.see(run(name, spec=spec, uid=name, resourceVersion="1", creationTimestamp=CREATED))
    labels = {"namespace": "team", "agent": "", "reason": "Pending"}
    assert registry(world).get_sample_value("durable_agents_unfinished_runs", labels) == 2


def test_pool_tells_what_its_autoscaler_saw_and_made_of_it() -> None:
    world = World()
    scaling: JsonValue = {
        "desiredReplicas": 4,
        "executingRuns": 90,
        "waitingRuns": 7,
        "backlog": 12,
        "reason": "MaxReplicas",
    }
    status: Manifest = {
        "autoscaling": scaling,
        "readyReplicas": 3,
        "conditions": [condition("Progressing", "True", "ToolRemoved")],
    }
    fixed = pool(status=status, resourceVersion="1")
    spec = fixed.spec.model_copy(update={"autoscaling": Autoscaling(max_replicas=4)})
    world.pools.see(fixed.model_copy(update={"spec": spec}))
    found, labels = registry(world), {"namespace": "team", "pool": "default"}
    values = {
        name: found.get_sample_value(f"durable_agents_pool_{name}", labels)
        for name in (
            "desired_replicas",
            "ready_replicas",
            "min_replicas",
            "max_replicas",
            "executing_runs",
            "waiting_runs",
            "backlog_tasks",
        )
    }
    assert list(values.values()) == [4, 3, 0, 4, 90, 7, 12]
    reason = {**labels, "reason": "MaxReplicas"}
    assert found.get_sample_value("durable_agents_pool_scaling", reason) == 1
    stuck = {**labels, "reason": "ToolRemoved"}
    assert found.get_sample_value("durable_agents_pool_progressing_timestamp_seconds", stuck)
