"""The chart of the kinds: the same kinds as in crds/manifests, kept on uninstall, to be found by a label."""

from pathlib import Path

import yaml

from tests.charts.cluster import Cluster
from tests.charts.helm import CRDS, RELEASE, Helm
from tools.parts.catalog import ROOT

KEEP = {"helm.sh/resource-policy": "keep"}
MANIFESTS = [
    yaml.safe_load(path.read_text()) for path in sorted(Path(ROOT, "crds", "manifests").glob("*.yaml"))
]


def test_kinds_are_those_of_the_models(helm: Helm) -> None:
    rendered = {each["metadata"]["name"]: each["spec"] for each in helm.render({}, chart=CRDS)}
    assert rendered == {each["metadata"]["name"]: each["spec"] for each in MANIFESTS}


def test_kinds_are_kept_unless_the_values_say_otherwise(helm: Helm) -> None:
    assert [each["metadata"]["annotations"] for each in helm.render({}, chart=CRDS)] == [KEEP] * len(
        MANIFESTS
    )
    dropped = helm.render({"keep": False}, chart=CRDS)
    assert all("annotations" not in each["metadata"] for each in dropped)


def test_a_purge_finds_the_kinds_by_a_label(helm: Helm) -> None:
    labels = [each["metadata"]["labels"] for each in helm.render({}, chart=CRDS)]
    assert {each["app.kubernetes.io/part-of"] for each in labels} == {"durable-agents"}


def test_api_server_takes_the_kinds(helm: Helm, cluster: Cluster) -> None:
    cluster.apply(helm.render({}, chart=CRDS), "--dry-run=server", "--force-conflicts")


def test_notes_name_the_next_command(helm: Helm, cluster: Cluster) -> None:
    install = Helm(helm.program, cluster.kubeconfig)
    notes = install("install", f"{RELEASE}-crds", str(CRDS), "--dry-run=client", "--take-ownership")
    assert "helm install durable-agents charts/durable-agents --namespace durable-agents-system" in notes
