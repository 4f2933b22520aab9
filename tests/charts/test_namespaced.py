"""Two installs in one cluster, each with its own namespace: what each may do, and who else may install."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.charts.cluster import ROOT, Cluster, running_cluster, wait_until_denied
from tests.charts.conftest import STATUS
from tests.charts.helm import MAIN, PLAIN, RELEASE, Helm, HelmError, Values
from tests.charts.people import SPECS, Person
from tools.parts.catalog import Parts

SERVED_BY = {"ours": "our-system", "theirs": "their-system"}
UNSERVED = "nobodys"
OWNER = "owner"
# What belongs to no namespace, or can only be granted by who has it.
OWNERS: Values = {
    **PLAIN,
    "watchNamespaces": [UNSERVED],
    "rbac": {"create": False, "aggregate": False},
    "admissionPolicies": {"enabled": False},
    "defaults": {"namespaces": [UNSERVED]},
}
# The rules of the cluster's role admin, which a controller puts together of these.
CLUSTERS_ADMIN = tuple(f"system:aggregate-to-{role}" for role in ("view", "edit", "admin"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, parts: Parts, helm: Helm) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("shared"), parts) as running:
        for namespace in (*SERVED_BY, *SERVED_BY.values(), UNSERVED):
            running.add_namespace(namespace)
        for served, home in SERVED_BY.items():
            running.apply(helm.render({**PLAIN, "watchNamespaces": [served]}, namespace=home))
        for namespace in (*SERVED_BY, UNSERVED):
            running.add_objects(namespace)
        root = running.person(ROOT)
        for served in SERVED_BY:
            wait_until_denied("status", partial(root.patches, "agents", served, STATUS, part="/status"))
        yield running


def operator_of(namespace: str, cluster: Cluster) -> Person:
    return cluster.person(f"system:serviceaccount:{SERVED_BY[namespace]}:{RELEASE}-operator")


@pytest.mark.parametrize("plural", SPECS)
def test_each_operator_works_in_its_namespace_and_nowhere_else(plural: str, shared: Cluster) -> None:
    for served in SERVED_BY:
        operator = operator_of(served, shared)
        for namespace in (*SERVED_BY, UNSERVED, "default"):
            assert operator.lists(plural, namespace).allowed == (namespace == served)
        for namespace in (*SERVED_BY, UNSERVED):
            written = operator.patches(plural, namespace, STATUS, part="/status")
            assert written.allowed == (namespace == served)


def test_policies_hold_in_the_served_namespaces_only(shared: Cluster) -> None:
    root = shared.person(ROOT)
    denied = root.patches("agents", "theirs", STATUS, part="/status")
    assert f"only the operator (system:serviceaccount:{SERVED_BY['theirs']}:" in denied.message
    assert root.patches("agents", UNSERVED, STATUS, part="/status").allowed


@pytest.mark.parametrize(
    ("served", "complaint"),
    [
        ([], "release durable-agents in namespace our-system serves ours, and this one would serve all"),
        (["ours", UNSERVED], "release durable-agents in namespace our-system serves ours too"),
        ([UNSERVED, "theirs"], "release durable-agents in namespace their-system serves theirs too"),
    ],
)
def test_a_third_install_that_serves_a_served_namespace_is_refused(
    served: list[str], complaint: str, helm: Helm, shared: Cluster
) -> None:
    with pytest.raises(HelmError) as refused:
        _installs(helm, shared, {**PLAIN, "watchNamespaces": served})
    assert complaint in str(refused.value)


def test_a_third_install_with_a_namespace_of_its_own_is_not(helm: Helm, shared: Cluster) -> None:
    assert _installs(helm, shared, {**PLAIN, "watchNamespaces": [UNSERVED]})


def test_who_owns_a_namespace_installs_what_is_in_it(helm: Helm, shared: Cluster) -> None:
    for role in (*CLUSTERS_ADMIN, *(f"our-system.{RELEASE}-{role}" for role in ("view", "edit", "admin"))):
        shared.grant(OWNER, role, UNSERVED)
    for more in ({"rbac": {"create": True}}, {"admissionPolicies": {"enabled": True}}):
        with pytest.raises(HelmError, match=f'User "{OWNER}" cannot'):
            _installs(helm, shared, {**OWNERS, **more}, "--dry-run=none", f"--kube-as-user={OWNER}")
    _installs(helm, shared, OWNERS, "--dry-run=none", f"--kube-as-user={OWNER}")
    kubectl = shared.control_plane.kubectl()
    found = kubectl(
        "get", "deployments,modelproviders,workerpools", f"--namespace={UNSERVED}", "--output=name"
    )
    assert found.split() == [
        f"deployment.apps/{RELEASE}-operator",
        "modelprovider.durable-agents.dev/default",
        "modelprovider.durable-agents.dev/present",
        "workerpool.durable-agents.dev/default",
        "workerpool.durable-agents.dev/present",
    ]
    Helm(helm.program, shared.kubeconfig)("uninstall", RELEASE, f"--namespace={UNSERVED}")
    found = kubectl(
        "get", "deployments,modelproviders,workerpools", f"--namespace={UNSERVED}", "--output=name"
    )
    assert f"deployment.apps/{RELEASE}-operator" not in found
    assert {"modelprovider.durable-agents.dev/default", "workerpool.durable-agents.dev/default"} <= set(
        found.split()
    )


def _installs(helm: Helm, cluster: Cluster, values: Values, *flags: str) -> str:
    in_cluster = Helm(helm.program, cluster.kubeconfig)
    place = f"--namespace={UNSERVED}"
    return in_cluster("install", RELEASE, str(MAIN), place, "--dry-run=server", *flags, values=values)
