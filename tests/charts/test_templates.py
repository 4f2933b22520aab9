"""What the chart renders, where a mistake would show late."""

import json
import re

import pytest
from pydantic import JsonValue

from tests.charts.helm import (
    CLOUD,
    DEV,
    EVERYTHING,
    NAMESPACE,
    NAMESPACED,
    PLAIN,
    SETS,
    Helm,
    Values,
    container_of,
    of_kind,
    variables_of,
)
from tools.local.install import PERMISSIONS, parse_permissions
from tools.local.services import STANDIN_KEY
from tools.local.temporal import FAST_TASKS

OPERATOR = "durable-agents-operator"
SECRETS = "/var/run/secrets/durable-agents.dev"
STORED: Values = {
    "payloads": {
        "store": {
            "url": "s3://agents/payloads",
            "endpoint": "https://minio.example.com:9000",
            "region": "eu-1",
            "secretRef": {"name": "minio", "accessKeyId": "id", "secretAccessKey": "key"},
        },
        "codec": "ours.codec:make",
    }
}
each_set = pytest.mark.parametrize("values", SETS.values(), ids=SETS)


def test_operator_is_told_where_temporal_is_and_what_workers_mount(helm: Helm) -> None:
    variables = variables_of(of_kind(helm.render(CLOUD), "Deployment")[OPERATOR])
    assert variables == {
        "DURABLE_AGENTS_LOG_LEVEL": "INFO",
        "TEMPORAL_ADDRESS": "eu.example.com:7233",
        "TEMPORAL_NAMESPACE": "agents.a1b2c",
        "TEMPORAL_TLS": "true",
        "TEMPORAL_TLS_SERVER_NAME": "temporal.example.com",
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": f"{SECRETS}/temporal-ca/ca.crt",
        "TEMPORAL_TLS_CLIENT_CERT_PATH": f"{SECRETS}/temporal-client/tls.crt",
        "TEMPORAL_TLS_CLIENT_KEY_PATH": f"{SECRETS}/temporal-client/tls.key",
        "DURABLE_AGENTS_TEMPORAL_API_KEY_FILE": f"{SECRETS}/temporal-key/token",
        "DURABLE_AGENTS_TEMPORAL_CA_SECRET": "temporal-ca/ca.crt",
        "DURABLE_AGENTS_TEMPORAL_CLIENT_CERT_SECRET": "temporal-client",
        "DURABLE_AGENTS_TEMPORAL_API_KEY_SECRET": "temporal-key/token",
    }


def test_operator_is_told_where_payloads_go_and_what_workers_mount(helm: Helm) -> None:
    variables = variables_of(of_kind(helm.render({**PLAIN, **STORED}), "Deployment")[OPERATOR])
    assert {name: value for name, value in variables.items() if "PAYLOAD" in name} == {
        "DURABLE_AGENTS_PAYLOAD_STORE": "s3://agents/payloads",
        "DURABLE_AGENTS_PAYLOAD_STORE_ENDPOINT": "https://minio.example.com:9000",
        "DURABLE_AGENTS_PAYLOAD_STORE_REGION": "eu-1",
        "DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_FILE": f"{SECRETS}/minio/id",
        "DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_FILE": f"{SECRETS}/minio/key",
        "DURABLE_AGENTS_PAYLOAD_STORE_ACCESS_KEY_SECRET": "minio/id",
        "DURABLE_AGENTS_PAYLOAD_STORE_SECRET_KEY_SECRET": "minio/key",
        "DURABLE_AGENTS_PAYLOAD_CODEC": "ours.codec:make",
    }


@pytest.mark.parametrize(
    "values", [CLOUD, {**PLAIN, **STORED}, {**CLOUD, **STORED}], ids=["Temporal's", "the store's", "both"]
)
def test_each_file_that_a_variable_names_is_mounted(helm: Helm, values: Values) -> None:
    deployment = of_kind(helm.render(values), "Deployment")[OPERATOR]
    (volume,) = (
        each for each in deployment["spec"]["template"]["spec"]["volumes"] if each["name"] == "temporal"
    )
    mounted = {
        f"{SECRETS}/{item['path']}": (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }
    named = {value for value in variables_of(deployment).values() if value.startswith(SECRETS)}
    assert set(mounted) == named
    assert all(path == f"{SECRETS}/{secret}/{key}" for path, (secret, key) in mounted.items())


@each_set
def test_no_secret_reaches_a_variable(values: Values, helm: Helm) -> None:
    for deployment in of_kind(helm.render(values), "Deployment").values():
        assert "secretKeyRef" not in json.dumps(container_of(deployment))
        assert STANDIN_KEY not in json.dumps(deployment)


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
def test_no_two_pods_of_one_kind_run_at_once(values: Values, helm: Helm) -> None:
    for deployment in of_kind(helm.render(values), "Deployment").values():
        assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize("values", [PLAIN, CLOUD, EVERYTHING])
def test_without_dev_nothing_of_it_is_rendered(values: Values, helm: Helm) -> None:
    manifests = helm.render(values)
    assert list(of_kind(manifests, "Deployment")) == [OPERATOR]
    assert not {"Secret", "Service", "PersistentVolumeClaim"} & {each["kind"] for each in manifests}


def test_dev_brings_servers_that_keep_their_state(helm: Helm) -> None:
    manifests = helm.render(DEV)
    servers = {"durable-agents-temporal", "durable-agents-mistral"}
    claims = of_kind(manifests, "PersistentVolumeClaim")
    assert servers == set(claims) == set(of_kind(manifests, "Service"))
    assert all(
        each["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"} for each in claims.values()
    )
    deployments = of_kind(manifests, "Deployment")
    for name in servers:
        assert f"'claimName': '{name}'" in str(deployments[name]["spec"]["template"]["spec"]["volumes"])


def test_dev_server_is_as_quick_as_the_local_platforms(helm: Helm) -> None:
    command = container_of(of_kind(helm.render(DEV), "Deployment")["durable-agents-temporal"])["command"]
    assert {f"--dynamic-config-value={name}={value}" for name, value in FAST_TASKS.items()} <= set(command)


def test_dev_connects_all_to_its_own_servers(helm: Helm) -> None:
    manifests = helm.render(DEV)
    variables = variables_of(of_kind(manifests, "Deployment")[OPERATOR])
    assert variables["TEMPORAL_ADDRESS"] == f"durable-agents-temporal.{NAMESPACE}.svc:7233"
    provider = of_kind(manifests, "ModelProvider")["default"]
    assert provider["spec"]["url"] == f"http://durable-agents-mistral.{NAMESPACE}.svc:8080"
    # A Secret named mistral would be the user's.
    assert provider["spec"]["apiKeySecretRef"] == {"name": "mistral-standin", "key": "api-key"}
    (secret,) = of_kind(manifests, "Secret").values()
    assert secret["metadata"]["name"] == "mistral-standin"
    assert (secret["metadata"]["namespace"], secret["stringData"]) == ("default", {"api-key": STANDIN_KEY})


def test_dev_with_a_real_provider_leaves_its_key_to_the_user(helm: Helm) -> None:
    url = "https://api.mistral.ai"
    manifests = helm.render({**DEV, "defaults": {"namespaces": ["default"], "modelProvider": {"url": url}}})
    key_ref = {"name": "mistral", "key": "api-key"}
    provider = of_kind(manifests, "ModelProvider")["default"]
    assert provider["spec"] == {"url": url, "apiKeySecretRef": key_ref}
    assert not of_kind(manifests, "Secret")


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
    }
    manifests = helm.render({**PLAIN, **off})
    assert [each["kind"] for each in manifests] == ["Deployment"]
    assert manifests[0]["spec"]["template"]["spec"]["serviceAccountName"] == "robot"


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
