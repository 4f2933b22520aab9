import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import JsonValue

from tools.errors import ExpectedError
from tools.kind.claim import claim
from tools.kind.cluster import cluster_config, cluster_name, down_command, holds, pods_of, whole_name
from tools.kind.node_image import NodeImage, images_of_node
from tools.kind.target import Target, foreign_target, target_in
from tools.local.kubectl import Kubectl
from tools.parts.catalog import ROOT

LISTED = """
registry.k8s.io/kube-apiserver:v1.34.4
registry.k8s.io/kube-proxy:v1.34.4
registry.k8s.io/coredns/coredns:v1.12.1
registry.k8s.io/pause:3.10.1
registry.k8s.io/etcd:3.6.5-0
"""
HELD = """REF TYPE DIGEST SIZE PLATFORMS LABELS
docker.io/durable-agents/operator:0.1.0 x sha256:m1 99.0 MiB linux/amd64 -
docker.io/durable-agents/worker:0.1.0 x sha256:m2 99.0 MiB linux/amd64 -
sha256:c1 x sha256:m1 99.0 MiB linux/amd64 -
sha256:c0 x sha256:m0 99.0 MiB linux/amd64 -
"""


def test_cluster_has_a_name_of_its_own_choice() -> None:
    assert cluster_name({}) == "durable-agents"
    assert cluster_name({"CLUSTER": "try"}) == "try"
    assert cluster_name({"CLUSTER": ""}, "of-tests") == "of-tests"
    assert down_command("durable-agents") == "make cluster-down"
    assert down_command("try") == "make cluster-down CLUSTER=try"


@pytest.mark.parametrize("made_here", [True, False])
def test_only_a_node_made_here_brings_its_own_network(*, made_here: bool) -> None:
    config = yaml.safe_load(cluster_config(NodeImage("x", made_here=made_here)))
    assert config["networking"]["disableDefaultCNI"] is made_here
    assert config["nodes"] == [{"role": "control-plane"}]


def test_every_image_that_kubeadm_asks_for_has_a_stand_in() -> None:
    stand_ins = images_of_node(LISTED, {"components": "own:components", "coredns": "own:coredns"})
    assert set(stand_ins) == set(LISTED.split())
    assert stand_ins["registry.k8s.io/coredns/coredns:v1.12.1"] == "own:coredns"
    assert stand_ins["registry.k8s.io/pause:3.10.1"] == "own:components"


def test_files_of_the_node_are_well_formed() -> None:
    node = ROOT / "tools" / "kind" / "node"
    kinds = [document["kind"] for document in yaml.safe_load_all((node / "storage.yaml").read_text())]
    assert kinds[0] == "StorageClass"
    assert json.loads((node / "network.conflist").read_text())["plugins"][0]["type"] == "ptp"


@pytest.mark.parametrize(
    ("image", "image_id", "held"),
    [
        ("durable-agents/operator:0.1.0", "sha256:c1", True),
        ("durable-agents/operator:0.1.0", "sha256:c0", False),
        ("durable-agents/worker:0.1.0", "sha256:c2", False),
        ("durable-agents/dev:0.1.0", "sha256:c1", False),
    ],
)
def test_image_is_loaded_again_only_when_its_content_differs(
    image: str, image_id: str, *, held: bool
) -> None:
    assert holds(HELD, image, image_id) is held


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("a:1", "docker.io/library/a:1"),
        ("durable-agents/worker:1", "docker.io/durable-agents/worker:1"),
        ("registry.example.com/a/worker:1", "registry.example.com/a/worker:1"),
        ("localhost:5000/worker:1", "localhost:5000/worker:1"),
    ],
)
def test_images_are_known_to_the_node_by_their_whole_name(image: str, whole: str) -> None:
    assert whole_name(image) == whole


def test_pods_that_run_a_changed_image_are_found_by_any_of_its_names() -> None:
    def pod(name: str, *images: str) -> JsonValue:
        containers: JsonValue = [{"image": image} for image in images]
        return {"metadata": {"namespace": "a", "name": name}, "spec": {"containers": containers}}

    pods = [
        pod("operator", "durable-agents/operator:1"),
        pod("worker", "proxy:3", "docker.io/durable-agents/worker:1"),
        pod("older", "durable-agents/worker:0"),
    ]
    changed = ["durable-agents/operator:1", "durable-agents/worker:1"]
    assert pods_of(json.dumps({"items": pods}), changed) == ["a/operator", "a/worker"]


@pytest.mark.parametrize("command", ["up", "down"])
def test_misspelled_option_is_refused(command: str) -> None:
    called = subprocess.run(
        (sys.executable, "-m", "tools.kind", command, "--typo"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert called.returncode == 2
    assert f"{command} takes no --typo" in called.stderr


def cluster_with(tmp_path: Path, *, marked: str = "", crds: str = "", releases: str = "") -> Kubectl:
    """A kubectl that finds these, and writes down what it creates."""
    program = tmp_path / "kubectl"
    program.write_text(
        f"""#!/bin/sh
        case "$*" in
          *" get configmap "*) printf "{marked}";;
          *" get crds "*) printf "{crds}";;
          *" get secrets "*) printf "{releases}";;
          *" create "*) echo "$*" >> {tmp_path}/created;;
        esac"""
    )
    program.chmod(0o755)
    return Kubectl(program, tmp_path / "kubeconfig")


@pytest.mark.parametrize("installed", [{"crds": "crd/agents"}, {"releases": "secret/release"}])
def test_cluster_with_an_installation_of_somebody_is_left_alone(
    tmp_path: Path, installed: dict[str, str]
) -> None:
    with pytest.raises(ExpectedError, match="the cluster x has durable-agents installed"):
        claim(cluster_with(tmp_path, **installed), "x")
    assert not (tmp_path / "created").exists()


def test_bare_cluster_is_marked_as_the_tests_own(tmp_path: Path) -> None:
    claim(cluster_with(tmp_path), "x")
    assert "create configmap durable-agents-e2e" in (tmp_path / "created").read_text()


def test_cluster_that_an_earlier_run_left_with_the_charts_is_taken_again(tmp_path: Path) -> None:
    claim(cluster_with(tmp_path, marked="configmap/durable-agents-e2e", crds="crd/agents"), "x")


def test_tests_run_elsewhere_only_when_cluster_and_images_are_both_named() -> None:
    assert foreign_target({"KUBECONFIG": "/k"}, "1.2.3") is None
    assert foreign_target({"IMAGES": "registry.example.com/a"}, "1.2.3") is None
    both = {"KUBECONFIG": "/k", "IMAGES": "registry.example.com/a/"}
    assert foreign_target(both, "1.2.3") == Target(Path("/k"), "registry.example.com/a", "1.2.3", None)
    assert foreign_target({**both, "TAG": "9"}, "1.2.3") == Target(
        Path("/k"), "registry.example.com/a", "9", None
    )


@pytest.mark.parametrize("kind", ["durable-agents", None])
def test_pytest_is_told_the_cluster_and_the_images(kind: str | None) -> None:
    target = Target(Path("/k"), "durable-agents", "1.2.3", kind)
    assert target_in(target.environ()) == target
    assert target.images["worker"] == "durable-agents/worker:1.2.3"


def test_end_to_end_tests_without_a_cluster_say_how_to_get_one() -> None:
    with pytest.raises(ExpectedError, match="make e2e"):
        target_in({})
