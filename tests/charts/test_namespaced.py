"""Two installs in one cluster, each with its own namespace: what each may do, where its policies hold."""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.charts.cluster import ROOT, Cluster, running_cluster, wait_until_denied
from tests.charts.conftest import STATUS
from tests.charts.helm import PLAIN, RELEASE, Helm
from tests.charts.people import SPECS, Person
from tools.parts.catalog import Parts

SERVED_BY = {"ours": "our-system", "theirs": "their-system"}
UNSERVED = "nobodys"


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
            wait_until_denied(partial(root.patches, "agents", served, STATUS, part="/status"))
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
