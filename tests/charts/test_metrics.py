"""Metrics in the chart: served unless told otherwise; kinds of others only when they are asked for."""

import pytest
import yaml

from agents_crds.contract.environment import WORKER_METRICS_PORT
from agents_operator.kubernetes.deployments import POOL_LABEL
from tests.charts.helm import NAMESPACED, PLAIN, Helm, Values, container_of, of_kind, variables_of
from tools.parts.catalog import ROOT

OPERATOR = "durable-agents-operator"
FILES = ROOT / "charts" / "durable-agents" / "files"
OTHERS_KINDS = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
ALL: Values = {
    "metrics": {
        "monitors": {"enabled": True, "interval": "15s", "labels": {"release": "prometheus"}},
        "rules": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboard": {"enabled": True},
    }
}


def test_operator_serves_metrics_by_a_service_without_an_address(helm: Helm) -> None:
    manifests = helm.render(PLAIN)
    deployment = of_kind(manifests, "Deployment")[OPERATOR]
    assert variables_of(deployment)["DURABLE_AGENTS_METRICS_PORT"] == "8082"
    assert {"name": "metrics", "containerPort": 8082} in container_of(deployment)["ports"]
    service = of_kind(manifests, "Service")["durable-agents-metrics"]["spec"]
    assert service["ports"] == [{"name": "metrics", "port": 8082, "targetPort": "metrics"}]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    assert service["selector"] == deployment["spec"]["selector"]["matchLabels"]


def test_without_metrics_nothing_of_them_is_there(helm: Helm) -> None:
    manifests = helm.render({**PLAIN, "metrics": {**ALL["metrics"], "enabled": False}})
    deployment = of_kind(manifests, "Deployment")[OPERATOR]
    assert "DURABLE_AGENTS_METRICS_PORT" not in variables_of(deployment)
    assert [port["name"] for port in container_of(deployment)["ports"]] == ["health"]
    assert not {"Service", "ConfigMap", *OTHERS_KINDS} & {each["kind"] for each in manifests}


def test_kinds_that_a_cluster_may_lack_are_only_there_when_they_are_asked_for(helm: Helm) -> None:
    assert not OTHERS_KINDS & {each["kind"] for each in helm.render(PLAIN)}
    manifests = helm.render({**PLAIN, **ALL})
    found = [each for each in manifests if each["kind"] in OTHERS_KINDS]
    assert {each["kind"] for each in found} == OTHERS_KINDS
    assert {each["metadata"]["labels"]["release"] for each in found} == {"prometheus"}


def test_monitor_of_the_operator_selects_its_service_and_leaves_labels_as_they_are(helm: Helm) -> None:
    manifests = helm.render({**PLAIN, **ALL})
    monitor = of_kind(manifests, "ServiceMonitor")[OPERATOR]["spec"]
    labels = of_kind(manifests, "Service")["durable-agents-metrics"]["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["endpoints"] == [{"port": "metrics", "interval": "15s", "honorLabels": True}]


@pytest.mark.parametrize(
    ("values", "selector"),
    [
        pytest.param(PLAIN, {"any": True}, id="all"),
        pytest.param(NAMESPACED, {"matchNames": ["team-a", "team-b"]}, id="some"),
    ],
)
def test_monitor_of_workers_selects_the_pods_of_every_pool_that_is_served(
    helm: Helm, values: Values, selector: Values
) -> None:
    monitor = of_kind(helm.render({**values, **ALL}), "PodMonitor")["durable-agents-workers"]["spec"]
    assert monitor["namespaceSelector"] == selector
    assert monitor["selector"] == {"matchExpressions": [{"key": POOL_LABEL, "operator": "Exists"}]}
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["port"] == "metrics"
    assert {each["targetLabel"] for each in endpoint["relabelings"]} == {"pool", "build"}
    assert WORKER_METRICS_PORT == 8082


def test_rules_and_dashboard_are_those_that_are_shipped(helm: Helm) -> None:
    manifests = helm.render({**PLAIN, **ALL})
    rules = of_kind(manifests, "PrometheusRule")["durable-agents-alerts"]["spec"]
    assert rules == yaml.safe_load((FILES / "alerts.yaml").read_text())
    dashboard = of_kind(manifests, "ConfigMap")["durable-agents-dashboard"]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert dashboard["data"] == {"durable-agents.json": (FILES / "dashboard.json").read_text()}
