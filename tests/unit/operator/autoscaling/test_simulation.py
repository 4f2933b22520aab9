"""What the rules make of simulated arrivals, as the page tells."""

import pytest

from tests.unit.operator.autoscaling.arrivals import SCENARIOS, Scenario
from tests.unit.operator.autoscaling.simulation import (
    PAGE,
    PODS_START,
    ByBacklog,
    ByRules,
    simulate,
    written,
)

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)


def test_table_of_the_page_is_what_the_simulation_writes() -> None:
    """Else `python -m tests.unit.operator.autoscaling.simulation` writes it anew."""
    page = PAGE.read_text()
    assert written(page) == page


@every_scenario
def test_no_run_loses_its_worker(scenario: Scenario) -> None:
    assert simulate(scenario, ByRules()).interrupted == 0


@every_scenario
def test_runs_wait_for_little_more_than_the_start_of_a_pod(scenario: Scenario) -> None:
    turns = max(len(run.spans) // 2 + 1 for run in scenario.runs)
    assert simulate(scenario, ByRules()).longest * 60 <= turns * (PODS_START + 5)


@every_scenario
def test_backlog_alone_lets_runs_wait_longer(scenario: Scenario) -> None:
    ours, theirs = simulate(scenario, ByRules()), simulate(scenario, ByBacklog())
    assert ours.missed < theirs.missed
    assert ours.longest < theirs.longest
    assert ours.changes < theirs.changes
