"""What a pool's spec says about the workers of each of its builds."""

from datetime import timedelta

import pytest

from agents_crds.v1alpha1 import WorkerPool
from agents_operator.autoscaling.load import Announced, Load, Phase, loads, phase_of
from agents_operator.autoscaling.rules import Fixed, Probed, Rules, Scaled, first_replicas, rules_of
from agents_operator.temporal.load import OpenRuns
from tests.unit.operator.autoscaling.pools import scaled
from tests.unit.operator.objects import pool

MINUTE = timedelta(minutes=1)


def draining(most: int, most_by: str) -> Scaled:
    return Scaled(0, most, most_by, 50, 100, MINUTE, MINUTE)


@pytest.mark.parametrize(
    ("of", "phase", "rules"),
    [
        pytest.param(pool(replicas=3), "Current", Fixed(3), id="no autoscaling"),
        pytest.param(pool(replicas=3), "Starting", Fixed(3), id="no autoscaling, next build"),
        pytest.param(pool(replicas=3), "Draining", draining(3, "replicas"), id="no autoscaling, older build"),
        pytest.param(pool(replicas=0), "Draining", Fixed(0), id="nothing is to run"),
        pytest.param(scaled(4, mode="External", minReplicas=2), "Current", Fixed(4), id="an HPA decides"),
        pytest.param(scaled(4, mode="Off"), "Current", Fixed(4), id="a person decides"),
        pytest.param(
            scaled(4, mode="External", runsPerWorker=9),
            "Draining",
            Scaled(0, 4, "replicas", 9, 100, MINUTE, MINUTE),
            id="an HPA decides, older build",
        ),
        pytest.param(
            scaled(minReplicas=2, maxReplicas=20),
            "Current",
            Scaled(2, 20, "maxReplicas", 50, 100, MINUTE, 5 * MINUTE),
            id="the operator decides",
        ),
        pytest.param(scaled(), "Starting", Probed(1), id="the operator decides, next build"),
        pytest.param(scaled(minReplicas=2), "Starting", Probed(2), id="minReplicas, next build"),
        pytest.param(scaled(0, minReplicas=2), "Draining", draining(10, "maxReplicas"), id="older build"),
        pytest.param(
            scaled(minReplicas=2, deleted=True),
            "Current",
            Scaled(0, 10, "maxReplicas", 50, 100, MINUTE, 5 * MINUTE),
            id="the pool is being deleted",
        ),
    ],
)
def test_rules_follow_the_spec(of: WorkerPool, phase: Phase, rules: Rules) -> None:
    assert rules_of(of, phase) == rules


@pytest.mark.parametrize(
    ("of", "replicas"),
    [(pool(replicas=0), 0), (pool(replicas=3), 3), (scaled(), 1), (scaled(minReplicas=2), 2)],
)
def test_build_begins_with_a_worker_that_tells_its_tools(of: WorkerPool, replicas: int) -> None:
    assert first_replicas(of) == replicas


@pytest.mark.parametrize(
    ("build", "phase"), [("b1", "Current"), ("b2", "Starting"), ("b0", "Draining")], ids=str
)
def test_phase_of_a_build_while_the_next_one_starts(build: str, phase: Phase) -> None:
    assert phase_of(build, serving="b1", present="b2") == phase


def test_first_build_is_starting() -> None:
    assert phase_of("b1", serving=None, present="b1") == "Starting"


def test_runs_that_are_pinned_to_no_older_build_are_the_serving_one_s() -> None:
    every, old = OpenRuns(100, 30), OpenRuns(25, 20)
    shared = loads(every, {"old": old}, {"old": 1, "new": 7}, Announced(), serving="new")
    assert shared == {
        "old": Load(executing=5, waiting=20, backlog=1),
        "new": Load(executing=65, waiting=10, backlog=7),
    }


def test_counts_of_different_moments_make_no_negative_numbers() -> None:
    every, old = OpenRuns(10, 12), OpenRuns(15, 3)
    shared = loads(every, {"old": old}, {}, Announced(), serving="new")
    assert shared["new"] == Load(executing=0, waiting=9)


def test_run_that_was_started_just_now_counts_before_temporal_counts_it() -> None:
    shared = loads(OpenRuns(), {}, {}, Announced(starting=2, ending=1), serving="b1")
    assert shared["b1"] == Load(executing=2, starting=2, ending=1)


def test_before_a_build_serves_nothing_is_anybody_s() -> None:
    assert loads(OpenRuns(3), {"b1": OpenRuns()}, {"b1": 1}, Announced(), serving=None) == {
        "b1": Load(backlog=1)
    }
