"""What is in the cluster already and in an install's way: it says so before anything is applied."""

import pytest
from pydantic import JsonValue

from tests.charts.cluster import Cluster
from tests.charts.helm import MAIN, NAMESPACE, PLAIN, RELEASE, Helm, HelmError, Values

URL = "https://models.example.com"


@pytest.fixture
def real_helm(helm: Helm, cluster: Cluster) -> Helm:
    """Sees the cluster."""
    return Helm(helm.program, cluster.kubeconfig)


@pytest.fixture
def provided(cluster: Cluster) -> str:
    """A namespace with a default ModelProvider at an address of its own."""
    cluster.add_namespace("provided")
    spec: JsonValue = {"url": URL, "apiKeySecretRef": {"name": "mistral", "key": "api-key"}}
    cluster.add_object("modelproviders", "default", "provided", spec)
    return "provided"


def installs(helm: Helm, values: Values, *, release: str = RELEASE, namespace: str = NAMESPACE) -> str:
    """Let the API server see an install, which it does not store."""
    flags = (f"--namespace={namespace}", "--dry-run=server", "--take-ownership")
    return helm("install", release, str(MAIN), *flags, values=values)


def test_address_of_a_default_provider_stays_as_it_is(real_helm: Helm, provided: str) -> None:
    with pytest.raises(HelmError) as refused:
        installs(real_helm, {**PLAIN, "defaults": {"namespaces": [provided]}})
    said = str(refused.value)
    assert f"default in namespace {provided} points at {URL}, not at https://api.mistral.ai" in said
    assert f"or set defaults.modelProvider.url={URL}" in said


def test_default_provider_with_the_same_address_is_in_nobodys_way(real_helm: Helm, provided: str) -> None:
    defaults: Values = {"namespaces": [provided], "modelProvider": {"url": URL}}
    assert installs(real_helm, {**PLAIN, "defaults": defaults})


def test_an_install_that_serves_all_namespaces_is_the_only_one(real_helm: Helm) -> None:
    for values in (PLAIN, {**PLAIN, "watchNamespaces": ["default"]}):
        with pytest.raises(HelmError) as refused:
            installs(real_helm, values, namespace="default")
        assert f"release {RELEASE} in namespace {NAMESPACE} serves all namespaces" in str(refused.value)


def test_a_second_release_in_its_namespace_is_refused_too(real_helm: Helm) -> None:
    with pytest.raises(HelmError, match="serves all namespaces"):
        installs(real_helm, PLAIN, release="second")


def test_an_install_is_not_in_its_own_way(real_helm: Helm) -> None:
    assert installs(real_helm, PLAIN)
    assert installs(real_helm, {**PLAIN, "watchNamespaces": ["default"]})
