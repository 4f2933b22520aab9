"""What the chart renders, as a real API server takes it."""

import pytest

from tests.charts.cluster import Cluster
from tests.charts.helm import DEV, MAIN, NAMESPACE, PLAIN, RELEASE, SETS, Helm, Manifest, Values, of_kind

NOTES = {
    "dev": (
        DEV,
        (
            "kubectl --namespace default apply -f examples/hello",
            "port-forward service/durable-agents-temporal",
        ),
    ),
    "own Temporal": (
        {**PLAIN, "defaults": {"namespaces": ["team"]}},
        ("kubectl --namespace team create secret generic mistral --from-literal=api-key=",),
    ),
    "no defaults": (PLAIN, ("--reset-then-reuse-values --set 'defaults.namespaces={default}'",)),
    "some namespaces": (
        {**PLAIN, "watchNamespaces": ["team"]},
        ("serves the namespace team.", "--reset-then-reuse-values --set 'defaults.namespaces={team}'"),
    ),
}


@pytest.fixture
def restricted(cluster: Cluster) -> str:
    """A namespace that takes restricted pods only."""
    cluster.add_namespace("restricted", **{"pod-security.kubernetes.io/enforce": "restricted"})
    return "restricted"


@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
def test_api_server_takes_every_manifest(values: Values, helm: Helm, cluster: Cluster) -> None:
    for namespace in values.get("watchNamespaces", ()):
        cluster.add_namespace(namespace)
    # Strict: a misspelt field is refused too. Those of the install that is there may be written over.
    cluster.apply(helm.render(values), "--dry-run=server", "--force-conflicts")


def test_pods_satisfy_restricted_pod_security(restricted: str, helm: Helm, cluster: Cluster) -> None:
    deployments = of_kind(helm.render(DEV), "Deployment")
    assert len(deployments) == 3
    for name, deployment in deployments.items():
        cluster.apply([_pod(deployment, name, restricted)], "--dry-run=server")


def test_restricted_pod_security_is_in_force(restricted: str, helm: Helm, cluster: Cluster) -> None:
    (deployment,) = of_kind(helm.render(PLAIN), "Deployment").values()
    pod = _pod(deployment, "loose", restricted)
    del pod["spec"]["containers"][0]["securityContext"]["capabilities"]
    with pytest.raises(Exception, match='violates PodSecurity "restricted'):
        cluster.apply([pod], "--dry-run=server")


@pytest.mark.parametrize(("values", "lines"), NOTES.values(), ids=NOTES)
def test_notes_name_the_next_command(
    values: Values, lines: tuple[str, ...], helm: Helm, cluster: Cluster
) -> None:
    install = Helm(helm.program, cluster.kubeconfig)
    printed = install(
        *("install", RELEASE, str(MAIN), f"--namespace={NAMESPACE}", "--dry-run=client", "--take-ownership"),
        values=values,
    )
    notes = printed.partition("NOTES:")[2]
    assert [line for line in lines if line not in notes] == []


def _pod(deployment: Manifest, name: str, namespace: str) -> Manifest:
    template = deployment["spec"]["template"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    }
