"""Names by Prometheus' conventions, and a page that lists them all."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.metrics.expressions import named_metrics
from tests.metrics.rules import ALERTS, shipped_rules
from tools.metrics.__main__ import PAGE, metrics_table
from tools.metrics.catalogue import Listed, listed_metrics

METRICS = listed_metrics()
BASE_UNITS = ("_seconds", "_bytes", "_ratio")
RUNS_OWN = {"run", "uid", "workflow_id", "name"}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_by_convention(metric: Listed) -> None:
    assert re.fullmatch(r"durable_agents(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.type == "counter")
    if metric.type == "histogram":
        assert metric.name.endswith(BASE_UNITS)
    assert not re.search(r"_(ms|milliseconds|minutes|kb|mb)(_|$)", metric.name)
    assert metric.help.endswith(".")
    assert "\n" not in metric.help


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_no_run_has_a_series_of_its_own(metric: Listed) -> None:
    of_objects = metric.name == "durable_agents_resource_not_ready_timestamp_seconds"
    assert set(metric.labels) & RUNS_OWN <= ({"name"} if of_objects else set())


def test_the_page_lists_every_metric() -> None:
    assert metrics_table(METRICS) in PAGE.read_text(), "run `make generate`"


def test_the_page_names_what_it_takes_of_temporals_sdk() -> None:
    page = PAGE.read_text()
    asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named_metrics()}
    assert [name for name in sorted(asked) if name.startswith("temporal_") and f"`{name}`" not in page] == []


def test_dashboard_and_alerts_name_no_metric_that_there_is_not() -> None:
    series = frozenset(name for metric in METRICS for name in metric.series)
    ours = {name for name in named_metrics() if name.startswith("durable_agents")}
    assert ours - series == set()


def test_most_metrics_are_on_the_dashboard_or_in_an_alert() -> None:
    unused = [each.name for each in METRICS if not each.series & named_metrics()]
    assert unused == [
        "durable_agents_run_start_delay_seconds",
        "durable_agents_workqueue_longest_running_seconds",
    ]


def test_the_page_says_what_to_do_about_every_alert() -> None:
    headings = re.findall(r"^### (\w+)$", PAGE.read_text(), re.MULTILINE)
    assert headings == [rule.alert for rule in shipped_rules()]


def test_rules_are_as_prometheus_wants_them(promtool: Path) -> None:
    done = subprocess.run(
        (promtool, "check", "rules", "--lint-fatal", "--lint=all", ALERTS),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
