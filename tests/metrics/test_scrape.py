"""What a real Prometheus finds on the pages of a real operator and of real workers."""

import pytest
from pydantic import JsonValue

from tests.component.tenant import METER, Tenant, pool_spec
from tests.metrics.expressions import named_metrics
from tests.metrics.prometheus import Prometheus
from tests.standin.control import START
from tests.standin.faults import AnswerWith
from tests.user import eventually, manifest
from tools.metrics.catalogue import Listed, listed_metrics

OF_TARGETS = {"__name__", "job", "instance", "le"}
OF_WORKERS = {"namespace", "pool", "pod"}
METRICS = listed_metrics()


@pytest.fixture
def eventful(prometheus: Prometheus, tenant: Tenant) -> Tenant:
    """A namespace in which something of everything happens."""
    keyless: dict[str, JsonValue] = {
        "url": tenant.platform.standin_url,
        "apiKeySecretRef": {"name": "missing", "key": "api-key"},
    }
    waiting: dict[str, JsonValue] = {
        "model": "m",
        "instructions": "Be brief.",
        "providerRef": {"name": "keyless"},
    }
    tenant.apply(
        manifest("WorkerPool", "scaled", scaled_pool(tenant, at_least=1)),
        manifest("ModelProvider", "keyless", keyless),
        manifest("Agent", "waiting", waiting),
    )
    tenant.ready_agent("reader")
    # One attempt in vain, and another one.
    tenant.platform.standin.fail("POST", START, AnswerWith(status=503))
    prometheus.wait_for_workers(tenant.namespace)
    tenant.finished_run("done", "reader")
    tenant.apply_run("early", "waiting")
    tenant.wait("workerpool/scaled", "Ready")
    tenant.apply(manifest("WorkerPool", "scaled", scaled_pool(tenant, at_least=2)))
    broken = pool_spec(tenant.tool_log, "nowhere.to.be.found")
    tenant.apply(manifest("WorkerPool", "default", broken))
    return tenant


def test_every_metric_that_is_listed_or_looked_at_occurs(prometheus: Prometheus, eventful: Tenant) -> None:
    assert eventful.tool_calls()
    wanted = named_metrics().union(*(metric.series for metric in METRICS))
    eventually(lambda: sorted(wanted - prometheus.names()), lambda missing: missing == [], timeout=60)
    wrong = {metric.name: found for metric in METRICS if (found := other_labels(prometheus, metric))}
    assert wrong == {}


def test_what_is_told_of_a_run_is_what_its_object_says(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    prometheus.wait_for_workers(tenant.namespace)
    usages = [tenant.finished_run(name, "reader", METER).status for name in ("one", "two")]
    mine = f'namespace="{tenant.namespace}"'
    eventually(
        lambda: prometheus.value(
            f'sum(durable_agents_runs_total{{{mine},agent="reader",reason="Succeeded"}})'
        ),
        lambda count: count == 2,
    )
    tokens = sum(status.usage.total_tokens for status in usages if status.usage)
    assert prometheus.value(f"sum(durable_agents_tokens_total{{{mine}}})") == tokens
    turns = sum(status.turns or 0 for status in usages)
    assert prometheus.value(f"durable_agents_run_turns_total{{{mine}}}") == turns
    assert prometheus.value(f"durable_agents_run_duration_seconds_count{{{mine}}}") == 2
    assert prometheus.value(f"durable_agents_run_queue_wait_seconds_count{{{mine}}}") == 2
    # As many calls as turns, as the workers count them.
    calls = f'sum(durable_agents_model_calls_total{{{mine},outcome="Succeeded"}})'
    eventually(lambda: prometheus.value(calls), lambda count: count == turns)
    assert prometheus.value(f"sum(durable_agents_model_tokens_total{{{mine}}})") == tokens
    assert prometheus.value(f'durable_agents_tool_calls_total{{{mine},outcome="Succeeded"}}') == 2


def test_what_was_counted_of_an_agent_goes_with_it(prometheus: Prometheus, tenant: Tenant) -> None:
    tenant.ready_agent("brief")
    tenant.finished_run("one", "brief")
    mine = f'{{namespace="{tenant.namespace}",agent="brief"}}'
    counted = f"sum(durable_agents_runs_total{mine}) + sum(durable_agents_run_duration_seconds_count{mine})"
    eventually(lambda: prometheus.value(counted), lambda count: count == 2)
    tenant.delete("agent/brief")
    eventually(
        lambda: prometheus.labels(f"{{__name__=~'durable_agents_.+',{mine[1:]}"), lambda left: left == ()
    )


def scaled_pool(tenant: Tenant, *, at_least: int) -> dict[str, JsonValue]:
    """Describe a pool that the operator scales."""
    spec = pool_spec(tenant.tool_log)
    return {**spec, "autoscaling": {"minReplicas": at_least, "maxReplicas": 3}}


def other_labels(prometheus: Prometheus, metric: Listed) -> set[str]:
    """Return the labels by which the series of a metric differ from what is listed."""
    series = f"last_over_time({sorted(metric.series)[0]}[10m])"
    found = {name for labels in prometheus.labels(series) for name in labels}
    expected = set(metric.labels) | (OF_WORKERS if metric.of == "worker" else set())
    return (found - OF_TARGETS) ^ expected
