"""Values: what is refused and how, what is explained, and that versions agree."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue

from agents_crds.v1alpha1.modelprovider import URL
from tests.charts.helm import CRDS, MAIN, PLAIN, SETS, Helm, HelmError, Values
from tools.charts.tables import read_values
from tools.parts.catalog import ROOT
from tools.version import python_version, version

CHARTS = (MAIN, CRDS)
VALUES: Values = yaml.safe_load((MAIN / "values.yaml").read_text())
each_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
FREE_MAPS = {
    "operator.resources",
    "operator.nodeSelector",
    "operator.affinity",
    "operator.podAnnotations",
    "operator.podLabels",
    "metrics.monitors.labels",
    "metrics.rules.labels",
    "metrics.dashboard.labels",
    "serviceAccount.annotations",
    "defaults.workerPool.resources",
    "defaults.workerPool.nodeSelector",
    "dev.resources",
    "dev.nodeSelector",
}

NONSENSE: dict[str, tuple[Values, str]] = {
    "no Temporal": (
        {},
        "temporal.address is missing: name your Temporal server, as in --set temporal.address=",
    ),
    "two Temporals": (
        {**PLAIN, "dev": {"enabled": True}},
        "temporal.address and dev.enabled exclude each other",
    ),
    "dev with TLS": (
        {"dev": {"enabled": True}, "temporal": {"tls": {"enabled": True}}},
        "dev.enabled brings a Temporal server without TLS",
    ),
    "dev with another namespace": (
        {"dev": {"enabled": True}, "temporal": {"namespace": "mine"}},
        "leave temporal.namespace as it is",
    ),
    "TLS settings without TLS": (
        {"temporal": {"address": "t:1", "tls": {"caSecretRef": {"name": "ca"}}}},
        "set temporal.tls.enabled=true, or leave them out",
    ),
    "a key in the clear": (
        {"temporal": {"address": "t:1", "apiKeySecretRef": {"name": "key"}}},
        "temporal.apiKeySecretRef needs temporal.tls.enabled=true",
    ),
    "a payload store without its url": (
        {**PLAIN, "payloads": {"store": {"endpoint": "https://s3.example.com"}}},
        "payloads.store has settings but no url: set payloads.store.url=s3://BUCKET",
    ),
    "a key for no collector": (
        {**PLAIN, "tracing": {"headersSecretRef": {"name": "collector"}}},
        "tracing has settings but no endpoint: set tracing.endpoint=http://COLLECTOR:4318",
    ),
    "no account": ({**PLAIN, "serviceAccount": {"create": False}}, "serviceAccount.name is missing"),
    "a label that is the chart's": (
        {**PLAIN, "operator": {"podLabels": {"app.kubernetes.io/component": "mine"}}},
        "operator.podLabels has app.kubernetes.io/component, which the chart sets: leave it out",
    ),
    "defaults that nobody serves": (
        {**PLAIN, "watchNamespaces": ["a"], "defaults": {"namespaces": ["b"]}},
        "defaults.namespaces has b, which watchNamespaces lacks",
    ),
}


def schema_of(chart: Path) -> dict[str, JsonValue]:
    schema = json.loads((chart / "values.schema.json").read_text())
    assert isinstance(schema, dict)
    return schema


def paths_of(values: Values, prefix: str = "") -> Iterator[str]:
    """Every path of a map of values that has a schema of its own."""
    for name, value in values.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict) and f"{prefix}{name}" not in FREE_MAPS:
            yield from paths_of(value, f"{prefix}{name}.")


def maps_of(values: Values) -> list[str]:
    """Every map that may only have what it has by default."""
    found = {path.rpartition(".")[0] for path in paths_of(values)}
    return sorted(found)


@each_chart
def test_lint_has_nothing_to_say(chart: Path, helm: Helm) -> None:
    said = helm("lint", "--strict", "--quiet", str(chart), values=PLAIN if chart == MAIN else {})
    assert "ERROR" not in said
    assert "WARNING" not in said


@pytest.mark.parametrize("place", maps_of(VALUES))
def test_a_misspelt_value_is_refused(place: str, helm: Helm) -> None:
    typo = f"{place}.replicaz" if place else "replicaz"
    with pytest.raises(HelmError, match="'replicaz' not allowed"):
        helm("template", str(MAIN), "--kube-version=1.31.0", "--set=dev.enabled=true", f"--set={typo}=3")


def test_a_misspelt_value_of_the_crds_is_refused(helm: Helm) -> None:
    with pytest.raises(HelmError, match="'kept' not allowed"):
        helm.render({"kept": True}, chart=CRDS)


@pytest.mark.parametrize(
    "values",
    [
        {"installation": "East"},
        {"installation": "e" * 41},
        {"watchNamespaces": "team-a"},
        {"temporal": {"address": "temporal.example.com"}},
        {"temporal": {"address": "https://temporal.example.com:7233"}},
        {"image": {"digest": "latest"}},
        {"image": {"pullPolicy": "Sometimes"}},
        {"operator": {"logLevel": "LOUD"}},
        {"logFormat": "yaml"},
        {"tracing": {"endpoint": "collector:4318"}},
        {"tracing": {"endpoint": "https://user:key@collector:4318"}},
        {"tracing": {"sampleRatio": 2}},
        {"defaults": {"workerPool": {"replicas": -1}}},
        {"defaults": {"workerPool": {"autoscaling": {"mode": "On"}}}},
        {"defaults": {"workerPool": {"autoscaling": {"idleTimeout": "5 minutes"}}}},
        {"defaults": {"modelProvider": {"url": "https://user@api.mistral.ai"}}},
        {"defaults": {"modelProvider": {"url": "https://api.mistral.ai?key=1"}}},
        {"imageRegistry": "registry.example.com/"},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_form_is_refused(values: Values, helm: Helm) -> None:
    with pytest.raises(HelmError, match="don't meet the specifications of the schema"):
        helm.render({**PLAIN, **values})


@pytest.mark.parametrize("place", maps_of(VALUES))
def test_values_that_are_taken_away_are_missed_by_name(place: str, helm: Helm) -> None:
    parts = place.split(".") if place else []
    section = VALUES
    for part in parts:
        section = section[part]
    names = list(section)
    taken: Values = dict.fromkeys(names)
    for part in reversed(parts):
        taken = {part: taken}
    with pytest.raises(HelmError, match="missing propert") as refused:
        helm.render(taken)
    assert [name for name in names if f"'{name}'" not in str(refused.value)] == []


def test_address_of_the_provider_has_the_form_that_the_kind_asks_for() -> None:
    text = (MAIN / "values.schema.json").read_text()
    assert json.dumps(f"^({URL.removeprefix('^').removesuffix('$')})?$") in text


@pytest.mark.parametrize(("values", "complaint"), NONSENSE.values(), ids=NONSENSE)
def test_values_that_make_no_sense_together_are_refused(values: Values, complaint: str, helm: Helm) -> None:
    with pytest.raises(HelmError) as refused:
        helm.render(values)
    assert complaint in str(refused.value)


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_what_makes_sense_is_rendered(values: Values, helm: Helm) -> None:
    assert helm.render(values)


@each_chart
def test_every_value_is_explained(chart: Path) -> None:
    values = read_values((chart / "values.yaml").read_text())
    assert [value.path for value in values if not value.description] == []


@each_chart
def test_charts_have_the_version_of_the_packages(chart: Path) -> None:
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    assert {about["version"], about["appVersion"]} == {version()}
    assert {python_version(ROOT / member) for member in ("crds", "operator", "worker")} == {python_version()}
