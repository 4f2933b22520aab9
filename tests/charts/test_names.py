"""Names and labels, where a release, a namespace or a user's value is not an everyday one."""

import re
from pathlib import Path

import pytest
import yaml

from tests.charts.helm import CRDS, DEV, EVERYTHING, MAIN, Helm, Values

LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
# The last one becomes longer by the chart's name, which it does not hold.
RELEASES = ["a.b", "r" * 53, "team.durable-agents", f"{'r' * 40}.{'s' * 12}"]
# What YAML reads as something else than a text, and yet is a name.
ODD = ["123", "1e3", "null", "yes", "on", "0x1f"]


@pytest.mark.parametrize("release", RELEASES)
def test_services_and_deployments_have_names_that_dns_takes(release: str, helm: Helm) -> None:
    manifests = helm.render(DEV, release=release)
    names = [each["metadata"]["name"] for each in manifests if each["kind"] in {"Service", "Deployment"}]
    assert len(names) == 6
    assert [name for name in names if not LABEL.fullmatch(name)] == []


@pytest.mark.parametrize("odd", ODD)
def test_names_stay_texts(odd: str, helm: Helm) -> None:
    keyed: Values = {"name": odd, "key": odd}
    text = helm.template(
        {
            **EVERYTHING,
            "watchNamespaces": [odd],
            "temporal": {
                "address": "t:1",
                "namespace": odd,
                "tls": {"enabled": True, "caSecretRef": keyed, "clientSecretRef": {"name": odd}},
                "apiKeySecretRef": keyed,
            },
            "operator": {"priorityClassName": odd, "podLabels": {"odd": odd}},
            "serviceAccount": {"name": odd},
            "defaults": {"namespaces": [odd], "modelProvider": {"apiKeySecretRef": keyed}},
        },
        release=f"r{odd}",
        namespace=odd,
    )
    found = [
        event for event in yaml.parse(text) if isinstance(event, yaml.ScalarEvent) and event.value == odd
    ]
    assert len(found) > 20
    assert [str(event.start_mark) for event in found if event.style is None] == []


@pytest.mark.parametrize("odd", ODD)
def test_a_class_of_storage_stays_a_text(odd: str, helm: Helm) -> None:
    manifests = helm.render({"dev": {"enabled": True, "storage": {"className": odd}}})
    claims = [each["spec"] for each in manifests if each["kind"] == "PersistentVolumeClaim"]
    assert [claim["storageClassName"] for claim in claims] == [odd, odd]


@pytest.mark.parametrize("chart", [MAIN, CRDS], ids=lambda chart: chart.name)
def test_versions_with_build_metadata_make_labels(chart: Path, helm: Helm, tmp_path: Path) -> None:
    version = "1.2.3+build.4"
    helm(
        "package", str(chart), f"--version={version}", f"--app-version={version}", f"--destination={tmp_path}"
    )
    manifests = helm.render(DEV if chart == MAIN else {}, chart=tmp_path / f"{chart.name}-{version}.tgz")
    for each in manifests:
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/version"] == "1.2.3_build.4"
        assert labels["helm.sh/chart"] == f"{chart.name}-1.2.3_build.4"
