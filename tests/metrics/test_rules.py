"""How long something must be wrong before an alert is on: Prometheus' own test of rules, in made-up time."""

import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import yaml

from agents_crds.v1alpha1.fields import parse_duration
from tests.metrics.rules import ALERTS, shipped_rules

INTERVAL = timedelta(seconds=30)
OPERATOR = 'job="operator",instance="o"'
TEAM = f'{OPERATOR},namespace="team"'
AGENT = f'{OPERATOR},namespace="team",agent="reader"'
POOL = f'{OPERATOR},namespace="team",pool="default"'
WORKER = 'job="workers",instance="w",namespace="team",pool="default"'
MODEL = f'{WORKER},provider="default",model="m"'


@dataclass(frozen=True)
class Course:
    """Series, as promtool writes them, by which an alert is on once they went on for long enough."""

    series: dict[str, str]
    until_true: timedelta = timedelta()
    """How long it takes until the expression holds for the first time."""
    otherwise: dict[str, str] | None = None
    """The same in a course in which all is well; None: nothing of it is there."""


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


COURSES: dict[str, Course] = {
    "DurableAgentsOperatorDown": Course(
        {"up": "0x200"}, otherwise={f"durable_agents_leader{{{OPERATOR}}}": "1x200"}
    ),
    "DurableAgentsOperatorNoLeader": Course(
        {f"durable_agents_leader{{{OPERATOR}}}": "0x200"},
        otherwise={
            'durable_agents_leader{job="operator",instance="a"}': "1x200",
            'durable_agents_leader{job="operator",instance="b"}': "0x200",
        },
    ),
    "DurableAgentsOperatorManyLeaders": Course(
        {
            'durable_agents_leader{job="operator",instance="a"}': "1x200",
            'durable_agents_leader{job="operator",instance="b"}': "1x200",
        },
        otherwise={
            'durable_agents_leader{job="operator",instance="a"}': "1x200",
            'durable_agents_leader{job="elsewhere",instance="b"}': "1x200",
        },
    ),
    "DurableAgentsReconcileErrors": Course(
        {f'durable_agents_reconcile_errors_total{{{OPERATOR},controller="agent"}}': "0+1x200"},
        until_true=minutes(1),
        # An outage of five minutes.
        otherwise={f'durable_agents_reconcile_errors_total{{{OPERATOR},controller="agent"}}': "0+3x10 30x9"},
    ),
    "DurableAgentsSweepErrors": Course(
        {f"durable_agents_sweep_errors_total{{{OPERATOR}}}": "0+1x200"}, until_true=minutes(2)
    ),
    "DurableAgentsWatchStale": Course(
        {
            f'durable_agents_watch_last_event_timestamp_seconds{{{OPERATOR},kind="Agent"}}': "0x200",
            f'durable_agents_status_writes_total{{{OPERATOR},kind="Agent"}}': "0+1x200",
        },
        until_true=minutes(2.5),
        # Nobody writes: there is nothing to be seen.
        otherwise={
            f'durable_agents_watch_last_event_timestamp_seconds{{{OPERATOR},kind="Agent"}}': "0x200",
            f'durable_agents_status_writes_total{{{OPERATOR},kind="Agent"}}': "7x200",
        },
    ),
    "DurableAgentsTemporalFailing": Course(
        {
            f"durable_agents_leader{{{OPERATOR}}}": "1x200",
            f'temporal_request_failure_total{{{OPERATOR},status_code="UNAVAILABLE"}}': "0+9x200",
            f"temporal_request_total{{{OPERATOR}}}": "0+10x200",
        },
        until_true=minutes(0.5),
        # A worker's requests, and refusals that are answers.
        otherwise={
            f"durable_agents_leader{{{OPERATOR}}}": "1x200",
            f'temporal_request_failure_total{{{WORKER},status_code="UNAVAILABLE"}}': "0+9x200",
            f'temporal_request_failure_total{{{OPERATOR},status_code="NOT_FOUND"}}': "0+9x200",
            f"temporal_request_total{{{OPERATOR}}}": "0+10x200",
        },
    ),
    "DurableAgentsObjectNotReady": Course(
        {
            "durable_agents_resource_not_ready_timestamp_seconds"
            f'{{{OPERATOR},kind="Agent",namespace="team",name="reader",reason="ProviderNotReady"}}': "1x200"
        },
        otherwise={
            "durable_agents_resource_not_ready_timestamp_seconds"
            f'{{{OPERATOR},kind="Agent",namespace="team",name="reader",reason="Suspended"}}': "1x200"
        },
    ),
    "DurableAgentsRolloutStuck": Course(
        {f'durable_agents_pool_progressing_timestamp_seconds{{{POOL},reason="ToolRemoved"}}': "1x200"}
    ),
    "DurableAgentsWorkersCrashing": Course(
        {f'durable_agents_pool_progressing_timestamp_seconds{{{POOL},reason="WorkerCrashing"}}': "1x200"},
        otherwise={
            f'durable_agents_pool_progressing_timestamp_seconds{{{POOL},reason="ToolRemoved"}}': "1x200"
        },
    ),
    "DurableAgentsPoolWithoutWorkers": Course(
        {
            f"durable_agents_pool_backlog_tasks{{{POOL}}}": "3x200",
            f"durable_agents_pool_ready_replicas{{{POOL}}}": "0x200",
        },
        otherwise={
            f"durable_agents_pool_backlog_tasks{{{POOL}}}": "0x200",
            f"durable_agents_pool_ready_replicas{{{POOL}}}": "0x200",
        },
    ),
    "DurableAgentsPoolAtMaximum": Course(
        {
            f'durable_agents_pool_scaling{{{POOL},reason="MaxReplicas"}}': "1x200",
            f"durable_agents_pool_backlog_tasks{{{POOL}}}": "3x200",
        },
        otherwise={
            f'durable_agents_pool_scaling{{{POOL},reason="MaxReplicas"}}': "1x200",
            f"durable_agents_pool_backlog_tasks{{{POOL}}}": "0x200",
        },
    ),
    "DurableAgentsOrphanedRemoteAgents": Course(
        {f"durable_agents_orphaned_remote_agents{{{OPERATOR}}}": "2x200"},
        otherwise={f"durable_agents_orphaned_remote_agents{{{OPERATOR}}}": "0x200"},
    ),
    "DurableAgentsRunsFailing": Course(
        {
            f'durable_agents_runs_total{{{AGENT},reason="ProviderError"}}': "0+1x200",
            f'durable_agents_runs_total{{{AGENT},reason="Succeeded"}}': "0+1x200",
        },
        until_true=minutes(1.5),
        # People who stop their runs are no failure, nor are two runs a night.
        otherwise={
            f'durable_agents_runs_total{{{AGENT},reason="Stopped"}}': "0+1x200",
            f'durable_agents_runs_total{{{AGENT},reason="Succeeded"}}': "0+1x200",
            f'durable_agents_runs_total{{{OPERATOR},namespace="t",agent="n",reason="TimedOut"}}': "0+0.1x200",
        },
    ),
    "DurableAgentsRunsNotStarting": Course(
        {f'durable_agents_oldest_unstarted_run_timestamp_seconds{{{AGENT},reason="AgentNotReady"}}': "0x200"},
        until_true=minutes(1.5),
        otherwise={
            f'durable_agents_oldest_unstarted_run_timestamp_seconds{{{AGENT},reason="ConversationBusy"}}': (
                "0x200"
            )
        },
    ),
    "DurableAgentsRunsWaitForWorkers": Course(
        {
            f'durable_agents_run_queue_wait_seconds_bucket{{{TEAM},le="30"}}': "0+1x200",
            f'durable_agents_run_queue_wait_seconds_bucket{{{TEAM},le="60"}}': "0+5x200",
            f'durable_agents_run_queue_wait_seconds_bucket{{{TEAM},le="+Inf"}}': "0+5x200",
        },
        until_true=minutes(0.5),
        otherwise={
            f'durable_agents_run_queue_wait_seconds_bucket{{{TEAM},le="30"}}': "0+5x200",
            f'durable_agents_run_queue_wait_seconds_bucket{{{TEAM},le="+Inf"}}': "0+5x200",
        },
    ),
    "DurableAgentsProviderThrottling": Course(
        {
            f'durable_agents_model_calls_total{{{MODEL},outcome="Throttled"}}': "0+6x200",
            f'durable_agents_model_calls_total{{{MODEL},outcome="Succeeded"}}': "0+4x200",
        },
        until_true=minutes(0.5),
        otherwise={
            f'durable_agents_model_calls_total{{{MODEL},outcome="Throttled"}}': "0+4x200",
            f'durable_agents_model_calls_total{{{MODEL},outcome="Succeeded"}}': "0+6x200",
        },
    ),
    "DurableAgentsProviderFailing": Course(
        {
            f'durable_agents_model_calls_total{{{MODEL},outcome="ProviderError"}}': "0+3x200",
            f'durable_agents_model_calls_total{{{MODEL},outcome="Succeeded"}}': "0+7x200",
        },
        until_true=minutes(0.5),
        otherwise={
            f'durable_agents_model_calls_total{{{MODEL},outcome="Throttled"}}': "0+3x200",
            f'durable_agents_model_calls_total{{{MODEL},outcome="Succeeded"}}': "0+7x200",
        },
    ),
    "DurableAgentsToolFailing": Course(
        {
            f'durable_agents_tool_calls_total{{{WORKER},tool="read",outcome="Failed"}}': "0+6x200",
            f'durable_agents_tool_calls_total{{{WORKER},tool="read",outcome="Succeeded"}}': "0+4x200",
        },
        until_true=minutes(0.5),
        otherwise={
            f'durable_agents_tool_calls_total{{{WORKER},tool="read",outcome="Failed"}}': "0+4x200",
            f'durable_agents_tool_calls_total{{{WORKER},tool="read",outcome="Succeeded"}}': "0+6x200",
        },
    ),
}
HELD = {rule.alert: parse_duration(rule.for_) for rule in shipped_rules()}


def test_every_rule_has_its_course() -> None:
    assert set(COURSES) == set(HELD)


def test_alerts_are_on_when_it_was_so_for_long_enough(promtool: Path, tmp_path: Path) -> None:
    cases = [
        Case(name, course.series, {until - INTERVAL: False, until: True})
        for name, course in COURSES.items()
        for until in [course.until_true + HELD[name]]
    ]
    assert surprises(promtool, tmp_path, cases) == ""


def test_alerts_are_never_on_while_all_is_well(promtool: Path, tmp_path: Path) -> None:
    cases = [Case(name, course.otherwise or {}, {minutes(90): False}) for name, course in COURSES.items()]
    assert surprises(promtool, tmp_path, cases) == ""


def test_an_alert_stays_on_while_another_replica_begins_to_lead(promtool: Path, tmp_path: Path) -> None:
    of_reader = 'kind="Agent",namespace="team",name="reader",reason="ProviderNotReady"'
    name = "durable_agents_resource_not_ready_timestamp_seconds"
    series = {
        f'{name}{{job="operator",instance="a",{of_reader}}}': "1x60 stale",
        f'{name}{{job="operator",instance="b",{of_reader}}}': "_x62 1x60",
    }
    on = {minutes(30): True, minutes(30.5): True, minutes(31): True, minutes(40): True}
    assert surprises(promtool, tmp_path, [Case("DurableAgentsObjectNotReady", series, on)]) == ""


def test_one_object_that_fails_again_and_again_is_told_of(promtool: Path, tmp_path: Path) -> None:
    # Once in six minutes, the longest pause that there is.
    often = " ".join(f"{count}x11" for count in range(20))
    series = {f'durable_agents_reconcile_errors_total{{{OPERATOR},controller="agent"}}': often}
    case = Case("DurableAgentsReconcileErrors", series, {minutes(60): True, minutes(90): True})
    assert surprises(promtool, tmp_path, [case]) == ""


def test_watch_of_one_replica_that_brings_nothing_is_not_hidden_by_the_other(
    promtool: Path, tmp_path: Path
) -> None:
    seen = "durable_agents_watch_last_event_timestamp_seconds"
    series = {
        f'{seen}{{job="operator",instance="leader",kind="Agent"}}': "0x60",
        f'{seen}{{job="operator",instance="standby",kind="Agent"}}': "0+30x60",
        'durable_agents_status_writes_total{job="operator",instance="leader",kind="Agent"}': "0+1x60",
    }
    case = Case("DurableAgentsWatchStale", series, {minutes(10): True})
    assert surprises(promtool, tmp_path, [case]) == ""


def test_an_alert_that_is_not_on_is_missed(promtool: Path, tmp_path: Path) -> None:
    course = COURSES["DurableAgentsOperatorNoLeader"]
    case = Case("DurableAgentsOperatorNoLeader", course.series, {minutes(1): True})
    assert "DurableAgentsOperatorNoLeader" in surprises(promtool, tmp_path, [case])


@dataclass(frozen=True)
class Case:
    """When an alert is expected to be on."""

    alert: str
    series: dict[str, str]
    on: dict[timedelta, bool]


def surprises(promtool: Path, directory: Path, cases: list[Case]) -> str:
    """Let promtool see whether alerts are on as expected; return what it says if not."""
    test = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "30s",
        "tests": [
            {
                "name": case.alert,
                "interval": "30s",
                "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}})',
                        "eval_time": f"{int(when.total_seconds())}s",
                        "exp_samples": [{"labels": "{}", "value": 1}] if on else [],
                    }
                    for when, on in case.on.items()
                ],
            }
            for case in cases
        ],
    }
    file = directory / "test.yaml"
    file.write_text(yaml.safe_dump(test))
    done = subprocess.run((promtool, "test", "rules", file), capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr + done.stdout
