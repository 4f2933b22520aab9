"""What is counted when a status is written."""

from datetime import datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from agents_crds.contract.run import RunOutcome
from agents_crds.v1alpha1 import AgentRun, Reason, WorkerPool
from agents_operator.engine.world import Key, World
from agents_operator.metrics import Measures, Writes
from agents_operator.runs.status import failed_status, outcome_status, started_status
from tests.unit.operator.objects import NOW, agent, pool, run
from tests.unit.operator.runs.test_status import STARTED, STARTED_AT, WORKFLOW, outcome


class Counts:
    """The measures of an operator that knows one Agent."""

    def __init__(self) -> None:
        self.registry, self.world = CollectorRegistry(), World()
        self.writes = Writes(Measures(self.registry), self.world)
        self.world.listen(self.writes)
        self.world.agents.see(agent(resourceVersion="1"))

    def of(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"durable_agents_{name}", labels)

    def ended(self, told: RunOutcome | None, ended: AgentRun) -> None:
        self.writes.run_written(run(creationTimestamp=written(STARTED_AT)), ended, told)


@pytest.fixture
def counts() -> Counts:
    return Counts()


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def ended_run(name: str = "finance") -> AgentRun:
    created = run(
        spec={"agentRef": {"name": name}}, creationTimestamp=written(STARTED_AT - timedelta(seconds=20))
    )
    status = outcome_status(created, WORKFLOW, outcome(), now=NOW)
    return created.model_copy(update={"status": status})


def test_an_end_is_counted_with_its_reason_times_and_tokens(counts: Counts) -> None:
    counts.ended(outcome(), ended_run())
    of_agent = {"namespace": "team", "agent": "finance"}
    assert counts.of("runs_total", **of_agent, reason="Succeeded") == 1
    assert counts.of("run_duration_seconds_sum", **of_agent) == 65.25, "to less than a second"
    assert counts.of("run_queue_wait_seconds_sum", namespace="team") == pytest.approx(20, abs=1)
    assert counts.of("run_turns_total", **of_agent) == 3
    assert counts.of("tokens_total", **of_agent, type="prompt") == 10
    assert counts.of("tokens_total", **of_agent, type="completion") == 5


def test_a_run_that_ended_without_a_workflow_has_no_duration(counts: Counts) -> None:
    waiting = run()
    status = failed_status(waiting, Reason.STARTING_DEADLINE_EXCEEDED, "too late", finished_at=NOW, now=NOW)
    counts.ended(None, waiting.model_copy(update={"status": status}))
    of_agent = {"namespace": "team", "agent": "finance"}
    assert counts.of("runs_total", **of_agent, reason="StartingDeadlineExceeded") == 1
    assert counts.of("run_duration_seconds_count", **of_agent) is None
    assert counts.of("run_queue_wait_seconds_count", namespace="team") is None


def test_what_is_written_after_the_end_is_no_other_end(counts: Counts) -> None:
    ended = ended_run()
    counts.writes.run_written(ended, ended, None)
    assert counts.of("runs_total", namespace="team", agent="finance", reason="Succeeded") is None


def test_an_agent_that_there_is_not_gets_no_series_of_its_own(counts: Counts) -> None:
    for name in ("one", "two"):
        counts.ended(outcome(), ended_run(name))
    assert counts.of("runs_total", namespace="team", agent="", reason="Succeeded") == 2


def test_what_a_run_waited_for_before_its_workflow_is_no_wait_for_a_worker(counts: Counts) -> None:
    created = run(creationTimestamp=written(STARTED_AT - timedelta(hours=1)))
    started = created.model_copy(update={"status": started_status(created, WORKFLOW, STARTED)})
    status = outcome_status(started, WORKFLOW, outcome(), now=NOW)
    counts.writes.run_written(started, started.model_copy(update={"status": status}), outcome())
    assert counts.of("run_queue_wait_seconds_count", namespace="team") == 1
    assert counts.of("run_queue_wait_seconds_sum", namespace="team") == pytest.approx(0, abs=1)


def test_start_of_a_workflow_is_counted_once(counts: Counts) -> None:
    created = run(creationTimestamp=written(STARTED_AT - timedelta(seconds=20)))
    started = created.model_copy(update={"status": started_status(created, WORKFLOW, STARTED)})
    counts.writes.run_written(created, started, None)
    counts.writes.run_written(started, started, None)
    assert counts.of("run_start_delay_seconds_count", namespace="team") == 1
    assert counts.of("run_start_delay_seconds_sum", namespace="team") == pytest.approx(20, abs=1)


def test_what_was_counted_goes_with_the_agent_and_at_last_with_the_namespace(counts: Counts) -> None:
    counts.ended(outcome(), ended_run())
    counts.ended(outcome(), ended_run("nobody"))
    counts.world.agents.forget(Key.of(agent()))
    assert counts.of("runs_total", namespace="team", agent="finance", reason="Succeeded") is None
    assert counts.of("runs_total", namespace="team", agent="", reason="Succeeded") is None
    assert counts.of("run_queue_wait_seconds_count", namespace="team") is None
    assert counts.of("run_duration_seconds_count", namespace="team", agent="") is None


def test_a_run_that_ends_after_its_agent_is_gone_leaves_nothing_behind_its_pool(counts: Counts) -> None:
    counts.world.pools.see(pool(resourceVersion="1"))
    counts.world.agents.forget(Key.of(agent()))
    counts.ended(outcome(), ended_run())
    assert counts.of("runs_total", namespace="team", agent="", reason="Succeeded") == 1
    counts.world.pools.forget(Key.of(pool()))
    left = {label for family in counts.registry.collect() for s in family.samples for label in s.labels}
    assert "namespace" not in left


@pytest.mark.parametrize(("before", "after", "direction"), [(1, 3, "up"), (3, 0, "down")])
def test_a_change_of_the_number_of_pods_is_counted(
    counts: Counts, before: int, after: int, direction: str
) -> None:
    counts.writes.written(scaled(before), scaled(before))
    counts.writes.written(scaled(before), scaled(after))
    of_pool = {"namespace": "team", "pool": "default"}
    assert counts.of("pool_scale_changes_total", **of_pool, direction=direction) == 1
    assert counts.of("status_writes_total", kind="WorkerPool") == 2


def scaled(replicas: int) -> WorkerPool:
    return pool(status={"autoscaling": {"desiredReplicas": replicas, "reason": "Executing"}})
