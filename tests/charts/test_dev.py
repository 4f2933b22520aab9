"""The servers of the dev mode."""

import pytest

from tests.charts.helm import (
    CLOUD,
    DEV,
    EVERYTHING,
    METRICS,
    NAMESPACE,
    OPERATOR,
    PLAIN,
    Helm,
    Values,
    container_of,
    of_kind,
    variables_of,
)
from tools.local.services import STANDIN_KEY
from tools.local.temporal import FAST_TASKS


@pytest.mark.parametrize("values", [PLAIN, CLOUD, EVERYTHING])
def test_without_dev_nothing_of_it_is_rendered(values: Values, helm: Helm) -> None:
    manifests = helm.render(values)
    assert list(of_kind(manifests, "Deployment")) == [OPERATOR]
    assert list(of_kind(manifests, "Service")) == [METRICS]
    assert not {"Secret", "PersistentVolumeClaim"} & {each["kind"] for each in manifests}


def test_dev_brings_servers_that_keep_their_state(helm: Helm) -> None:
    manifests = helm.render(DEV)
    servers = {"durable-agents-temporal", "durable-agents-mistral"}
    claims = of_kind(manifests, "PersistentVolumeClaim")
    assert servers == set(claims) == set(of_kind(manifests, "Service")) - {METRICS}
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
