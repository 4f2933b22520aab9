"""What the chart renders, where a mistake would show late."""

import json
import re

import pytest
from pydantic import JsonValue

from tests.charts.helm import (
    DEV,
    NAMESPACE,
    NAMESPACED,
    OPERATOR,
    PLAIN,
    Helm,
    Values,
    container_of,
    each_set,
    of_kind,
    variables_of,
)
from tools.local.install import PERMISSIONS, parse_permissions


@each_set
def test_pods_are_locked_down(values: Values, helm: Helm) -> None:
    for deployment in of_kind(helm.render(values), "Deployment").values():
        pod, container = deployment["spec"]["template"]["spec"], container_of(deployment)
        assert pod["securityContext"]["runAsUser"] == 65532
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
        assert container["resources"]["limits"]["memory"]
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
        # A Service named like a setting's prefix must not become a variable.
        assert pod["enableServiceLinks"] is False


@each_set
def test_no_two_pods_of_a_server_run_at_once(values: Values, helm: Helm) -> None:
    for name, deployment in of_kind(helm.render(values), "Deployment").items():
        if name != OPERATOR:
            how_many = (deployment["spec"]["replicas"], deployment["spec"]["strategy"])
            assert how_many == (1, {"type": "Recreate"})


def test_uninstall_leaves_what_agents_and_runs_use(helm: Helm) -> None:
    kept = {
        (each["kind"], each["metadata"]["name"])
        for each in helm.render(DEV)
        if each["metadata"].get("annotations") == {"helm.sh/resource-policy": "keep"}
    }
    assert kept == {
        ("ModelProvider", "default"),
        ("WorkerPool", "default"),
        ("Secret", "mistral-standin"),
        ("PersistentVolumeClaim", "durable-agents-temporal"),
        ("PersistentVolumeClaim", "durable-agents-mistral"),
    }


def test_defaults_are_made_in_each_namespace(helm: Helm) -> None:
    manifests = helm.render({**PLAIN, "defaults": {"namespaces": ["a", "b"]}})
    for kind in ("ModelProvider", "WorkerPool"):
        found = [each["metadata"] for each in manifests if each["kind"] == kind]
        assert [(each["namespace"], each["name"]) for each in found] == [("a", "default"), ("b", "default")]


@pytest.mark.parametrize(
    ("mode", "replicas"), [("Auto", None), ("External", None), ("Off", 3)], ids=["auto", "external", "off"]
)
def test_default_pool_has_a_number_of_its_own_only_where_nobody_else_sets_it(
    helm: Helm, mode: str, replicas: int | None
) -> None:
    pool: Values = {"replicas": 3, "autoscaling": {"mode": mode, "maxReplicas": 4}}
    manifests = helm.render({**PLAIN, "defaults": {"namespaces": ["default"], "workerPool": pool}})
    spec = of_kind(manifests, "WorkerPool")["default"]["spec"]
    assert (spec["autoscaling"]["mode"], spec["autoscaling"]["maxReplicas"]) == (mode, 4)
    assert spec.get("replicas") == replicas


def test_operator_serves_all_namespaces_by_one_cluster_role(helm: Helm) -> None:
    manifests = helm.render(PLAIN)
    served = parse_permissions(PERMISSIONS.read_text()).served
    rules = [rule.model_dump(by_alias=True, exclude_defaults=True) for rule in served]
    assert of_kind(manifests, "ClusterRole")[OPERATOR]["rules"] == rules
    assert list(of_kind(manifests, "ClusterRoleBinding")) == [OPERATOR]
    assert list(of_kind(manifests, "Role")) == [f"{OPERATOR}-own"]


def test_operator_of_some_namespaces_has_a_role_in_each_and_none_in_the_cluster(helm: Helm) -> None:
    manifests = helm.render(NAMESPACED)
    assert OPERATOR not in of_kind(manifests, "ClusterRole")
    assert not of_kind(manifests, "ClusterRoleBinding")
    roles = [each["metadata"] for each in manifests if each["kind"] == "Role"]
    assert {(each["namespace"], each["name"]) for each in roles} == {
        ("team-a", OPERATOR),
        ("team-b", OPERATOR),
        (NAMESPACE, f"{OPERATOR}-own"),
    }
    variables = variables_of(of_kind(manifests, "Deployment")[OPERATOR])
    assert variables["DURABLE_AGENTS_WATCH_NAMESPACES"] == "team-a,team-b"


def test_two_installs_with_namespaces_of_their_own_have_no_name_in_common(helm: Helm) -> None:
    one = helm.render(NAMESPACED)
    other = helm.render({**NAMESPACED, "watchNamespaces": ["team-c"]}, namespace="other-system")
    assert not _names(one) & _names(other)


def test_user_roles_become_part_of_the_clusters_own(helm: Helm) -> None:
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    roles = of_kind(helm.render(PLAIN), "ClusterRole")
    aggregated = {
        name.removeprefix("durable-agents-"): {
            label.removeprefix(prefix) for label in role["metadata"]["labels"] if label.startswith(prefix)
        }
        for name, role in roles.items()
        if name != OPERATOR
    }
    assert aggregated == {"view": {"view", "edit", "admin"}, "edit": {"edit", "admin"}, "admin": {"admin"}}


def test_user_roles_that_are_not_aggregated_can_be_bound_by_hand(helm: Helm) -> None:
    aggregated, bare = (
        {name: role for name, role in of_kind(manifests, "ClusterRole").items() if name != OPERATOR}
        for manifests in (helm.render(PLAIN), helm.render({**PLAIN, "rbac": {"aggregate": False}}))
    )
    assert {name: role["rules"] for name, role in bare.items()} == {
        name: role["rules"] for name, role in aggregated.items()
    }
    assert "aggregate-to" not in json.dumps(bare)


def test_parts_that_the_cluster_has_otherwise_can_be_left_out(helm: Helm) -> None:
    off: Values = {
        "rbac": {"create": False, "aggregate": False},
        "admissionPolicies": {"enabled": False},
        "serviceAccount": {"create": False, "name": "robot"},
        "metrics": {"enabled": False},
    }
    _budget, deployment = manifests = helm.render({**PLAIN, **off})
    assert [each["kind"] for each in manifests] == ["PodDisruptionBudget", "Deployment"]
    assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == "robot"


def test_upgrade_to_another_chart_version_leaves_dev_servers_running(helm: Helm) -> None:
    for name, deployment in of_kind(helm.render(DEV), "Deployment").items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(labels), name


def test_digest_counts_for_more_than_the_tag(helm: Helm) -> None:
    image: JsonValue = {"repository": "r/operator", "tag": "1", "digest": f"sha256:{'0' * 64}"}
    deployment = of_kind(helm.render({**PLAIN, "image": image}), "Deployment")[OPERATOR]
    assert container_of(deployment)["image"] == f"r/operator@sha256:{'0' * 64}"


def test_a_registry_is_put_in_front_of_every_image(helm: Helm) -> None:
    plain, mirrored = (
        re.findall(r'"image": "([^"]+)"', json.dumps(manifests))
        for manifests in (helm.render(DEV), helm.render({**DEV, "imageRegistry": "r.example.com:5000/m"}))
    )
    assert len(plain) == 4
    assert mirrored == [f"r.example.com:5000/m/{image}" for image in plain]


def test_pods_go_to_the_nodes_that_are_chosen_for_them(helm: Helm) -> None:
    def nodes(name: str) -> Values:
        return {"nodeSelector": {"for": name}, "tolerations": [{"key": name, "operator": "Exists"}]}

    defaults: Values = {"namespaces": ["default"], "workerPool": nodes("worker")}
    dev: Values = {"enabled": True, **nodes("dev")}
    manifests = helm.render({"operator": nodes("operator"), "dev": dev, "defaults": defaults})
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in manifests
        if each["kind"] in {"Deployment", "WorkerPool"}
    }
    chosen = {name: {key: pod[key] for key in ("nodeSelector", "tolerations")} for name, pod in pods.items()}
    assert chosen == {
        OPERATOR: nodes("operator"),
        "durable-agents-temporal": nodes("dev"),
        "durable-agents-mistral": nodes("dev"),
        "default": nodes("worker"),
    }


def _names(manifests: list[dict[str, object]]) -> set[str]:
    return {
        f"{each['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"
        for each in manifests
        if isinstance(metadata := each["metadata"], dict)
    }
