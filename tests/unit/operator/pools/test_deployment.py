import json

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.pools.deployment import (
    PoolProvider,
    Surroundings,
    build_of,
    deployment_name,
    pool_providers,
    pool_server_secrets,
    worker_deployment_manifest,
)
from agents_operator.pools.temporal_target import TemporalTarget
from tests.unit.operator.objects import Manifest, mcp_server, pool, provider
from tests.unit.operator.pools.deployments import EU, MISTRAL, TEMPORAL, Deployment, deployment


@pytest.mark.parametrize(
    "container",
    [
        {"image": "worker:2"},
        {"command": ["python"]},
        {"args": ["-v"]},
        {"env": [{"name": "WORKER_MODULES", "value": "tools"}]},
        {"resources": {"limits": {"memory": "1Gi"}}},
    ],
    ids=lambda container: next(iter(container)),
)
def test_build_changes_with_what_a_worker_can_do(container: Manifest) -> None:
    assert build_of(pool(container=container)) != build_of(pool())


def test_build_changes_with_each_value_and_with_the_order_of_the_environment() -> None:
    one: JsonValue = {"name": "A", "value": "1"}
    two: JsonValue = {"name": "B", "value": "2"}
    environments: list[list[JsonValue]] = [
        [one],
        [two],
        [one, two],
        [two, one],
        [{"name": "A", "value": "2"}],
    ]
    assert len({build_of(pool(container={"env": env})) for env in environments}) == len(environments)


@pytest.mark.parametrize(
    "same",
    [
        pool(replicas=7),
        pool("another"),
        pool(resourceVersion="9", generation=9, labels={"team": "blue"}),
        pool(status={"build": "old"}),
        pool(uid="recreated"),
    ],
    ids=["replicas", "name", "metadata", "status", "uid"],
)
def test_build_stays_when_a_worker_can_do_the_same(same: WorkerPool) -> None:
    assert build_of(same) == build_of(pool())


def test_build_is_short_and_fits_into_names_and_labels() -> None:
    build = build_of(pool())
    assert build.isalnum()
    assert len(deployment_name(pool("p" * 40), build)) <= 63


def test_pods_that_change_are_replaced_and_never_fewer_meanwhile() -> None:
    assert deployment(pool()).spec.strategy.rolling_update["maxUnavailable"] == 0


def test_providers_change_the_pods_and_not_the_build() -> None:
    with_key, without = deployment(pool(), MISTRAL), deployment(pool())
    assert with_key.metadata.name == without.metadata.name
    assert with_key.value("TEMPORAL_WORKER_BUILD_ID") == without.value("TEMPORAL_WORKER_BUILD_ID")
    assert with_key.pod != without.pod


def test_user_s_environment_comes_first_and_ours_has_the_last_word() -> None:
    env: list[JsonValue] = [{"name": "ZONE", "value": "eu"}, {"name": "WORKER_MODULES", "value": "tools"}]
    assert deployment(pool(container={"env": env})).env == [
        "ZONE",
        "WORKER_MODULES",
        "TEMPORAL_ADDRESS",
        "TEMPORAL_NAMESPACE",
        "TEMPORAL_TLS",
        "TEMPORAL_DEPLOYMENT_NAME",
        "TEMPORAL_WORKER_BUILD_ID",
        "DURABLE_AGENTS_POOL_QUEUE",
        "DURABLE_AGENTS_PROVIDER_QUEUES",
        "DURABLE_AGENTS_STDIO_COMMANDS",
        "DURABLE_AGENTS_SECRETS_DIR",
        "DURABLE_AGENTS_HEALTH_PORT",
        "DURABLE_AGENTS_GRACE",
    ]


def test_worker_is_told_where_its_work_is() -> None:
    made = deployment(pool("gpu"), MISTRAL, EU)
    assert made.value("TEMPORAL_ADDRESS") == "temporal:7233"
    assert made.value("TEMPORAL_NAMESPACE") == "agents"
    assert made.value("TEMPORAL_DEPLOYMENT_NAME") == "inst/team/gpu"
    assert made.value("TEMPORAL_WORKER_BUILD_ID") == build_of(pool("gpu"))
    assert made.value("DURABLE_AGENTS_POOL_QUEUE") == "inst/team/pools/gpu"
    assert json.loads(made.value("DURABLE_AGENTS_PROVIDER_QUEUES")) == [
        "inst/team/providers/default",
        "inst/team/providers/eu",
    ]


def test_user_s_container_is_taken_as_it_is() -> None:
    (container,) = deployment(pool(container={"command": ["python"], "args": ["-m", "tools"]})).pod.containers
    assert (container.name, container.image) == ("worker", "worker:1")
    assert (container.command, container.args) == (("python",), ("-m", "tools"))


def test_keys_are_mounted_as_files_that_may_be_missing() -> None:
    made = deployment(pool(), MISTRAL, EU, PoolProvider("same-key", MISTRAL.key))
    assert made.pod.keys.projected["sources"] == [
        {
            "secret": {
                "name": "mistral",
                "optional": True,
                "items": [{"key": "api-key", "path": "mistral/api-key"}],
            }
        },
        {
            "secret": {
                "name": "mistral-eu",
                "optional": True,
                "items": [{"key": "token", "path": "mistral-eu/token"}],
            }
        },
    ]
    assert made.pod.containers[0].volume_mounts[0] == {
        "name": made.pod.keys.name,
        "mountPath": made.value("DURABLE_AGENTS_SECRETS_DIR"),
        "readOnly": True,
    }


def test_secrets_of_the_servers_that_the_pool_calls_are_mounted_too() -> None:
    http: Manifest = {"url": "http://maps", "bearerTokenSecretRef": {"name": "maps"}}
    other: Manifest = {"url": "http://other", "bearerTokenSecretRef": {"name": "other"}}
    servers = [
        mcp_server(spec={"streamableHttp": http}),
        mcp_server("other", {"streamableHttp": other, "workerPoolRef": {"name": "other"}}),
    ]
    around = Surroundings("inst", TEMPORAL, (), pool_server_secrets(pool(), servers))
    made = Deployment.model_validate(worker_deployment_manifest(pool(), "b1", around))
    assert made.pod.keys.projected["sources"] == [
        {"secret": {"name": "maps", "optional": True, "items": [{"key": "api-key", "path": "maps/api-key"}]}}
    ]


def test_commands_that_the_pool_allows_change_the_pods_and_not_the_build() -> None:
    made = deployment(pool(commands=("npx", "uvx")))
    assert json.loads(made.value("DURABLE_AGENTS_STDIO_COMMANDS")) == ["npx", "uvx"]
    assert made.metadata.name == deployment(pool()).metadata.name


def test_what_leads_to_temporal_must_be_there_before_a_pod_starts() -> None:
    target = TemporalTarget("temporal:7233", "agents", api_key=SecretKeyRef(name="temporal", key="token"))
    manifest = worker_deployment_manifest(pool(), "b1", Surroundings("inst", target, (MISTRAL,)))
    made = Deployment.model_validate(manifest)
    sources = made.pod.keys.projected["sources"]
    assert isinstance(sources, list)
    assert sources[1] == {
        "secret": {
            "name": "temporal",
            "optional": False,
            "items": [{"key": "token", "path": "temporal/token"}],
        }
    }
    assert made.value("DURABLE_AGENTS_TEMPORAL_API_KEY_FILE").endswith("/temporal/token")


def test_pool_without_providers_mounts_no_key() -> None:
    assert deployment(pool()).pod.keys.projected["sources"] == []


def test_keys_reach_no_environment() -> None:
    made = deployment(pool(), MISTRAL, EU)
    values = " ".join(variable.value for variable in made.pod.containers[0].env)
    assert "api-key" not in values
    assert "token" not in values


def test_deployment_goes_with_its_pool() -> None:
    made = deployment(pool("gpu", uid="u-1"))
    assert (made.metadata.namespace, made.metadata.name) == ("team", f"gpu-{build_of(pool())}")
    assert made.metadata.owners == (
        {
            "apiVersion": "durable-agents.dev/v1alpha1",
            "kind": "WorkerPool",
            "name": "gpu",
            "uid": "u-1",
            "controller": True,
            "blockOwnerDeletion": True,
        },
    )


def test_deployment_selects_the_pods_of_its_own_build() -> None:
    one, two = deployment(pool()), deployment(pool(container={"image": "worker:2"}))
    assert one.spec.selector.labels.items() <= one.spec.template.metadata.labels.items()
    assert one.spec.selector.labels != two.spec.selector.labels


def test_deployment_that_is_there_keeps_its_number_of_pods() -> None:
    assert deployment(pool(replicas=3)).spec.replicas is None


def test_pool_serves_every_provider_of_its_namespace_in_the_order_of_their_names() -> None:
    # Also one that no Agent names any more: a run that is going started with it.
    found = pool_providers([provider("us"), provider("eu"), provider("default")])
    assert [each.name for each in found] == ["default", "eu", "us"]


def test_key_goes_where_the_provider_says() -> None:
    referred = provider(spec={"apiKeySecretRef": {"name": "mistral-eu", "key": "token"}})
    (found,) = pool_providers([referred])
    assert found.key == EU.key


def test_provider_without_a_key_has_its_queue_and_nothing_is_mounted_for_it() -> None:
    spec: Manifest = {"protocol": "ChatCompletions", "url": "http://own:8000/v1", "apiKeySecretRef": None}
    (own,) = pool_providers([provider("own", spec)])
    assert own == PoolProvider("own", None)
    made = deployment(pool(), own)
    assert json.loads(made.value("DURABLE_AGENTS_PROVIDER_QUEUES")) == ["inst/team/providers/own"]
    assert made.pod.keys == deployment(pool()).pod.keys
