"""Helm, and an API server on which the chart is installed as far as that goes without nodes."""

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from tests.charts.cluster import ROOT, Cluster, rule, running_cluster, wait_until_denied
from tests.charts.helm import NAMESPACE, PLAIN, RELEASE, Helm
from tests.charts.people import KEYED_TEMPORAL, Person, pool_spec, server_spec
from tools.console import Console
from tools.parts.catalog import Part, Parts
from tools.parts.obtain import obtain, obtain_parts

TEAM = "team"
VIEWER, EDITOR, ADMIN = "viewer", "editor", "admin-of-team"
# Has the role admin of ours too, and may create pods.
DEPLOYER = "deployer"
KEY_HOLDER = "key-holder"
STATUS: JsonValue = {"status": {"observedGeneration": 1}}


@pytest.fixture(scope="session")
def helm() -> Helm:
    return Helm(obtain_parts((Part.HELM,), Console())[Part.HELM])


@pytest.fixture(scope="session")
def parts() -> Parts:
    return obtain(Console())


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, parts: Parts, helm: Helm) -> Iterator[Cluster]:
    """A cluster with an install that serves all namespaces, and people with its three roles in one."""
    with running_cluster(tmp_path_factory.mktemp("cluster"), parts) as running:
        running.add_namespace(NAMESPACE)
        running.add_namespace(TEAM)
        running.apply(helm.render(PLAIN))
        for person, roles in (
            (VIEWER, ("view",)),
            (EDITOR, ("view", "edit")),
            (ADMIN, ("view", "edit", "admin")),
            (DEPLOYER, ("admin",)),
        ):
            for role in roles:
                running.grant(person, f"{RELEASE}-{role}", TEAM)
        running.allow(DEPLOYER, TEAM, rule("pods", "create"))
        running.add_objects(TEAM)
        admin, deployer, root = (running.person(name) for name in (ADMIN, DEPLOYER, ROOT))
        keyed = pool_spec(imagePullSecrets=[{"name": "s"}])
        wait_until_denied("status", lambda: root.patches("agents", TEAM, STATUS, part="/status"))
        wait_until_denied("provider-secrets", lambda: admin.creates("modelproviders", TEAM))
        token = server_spec(bearerTokenSecretRef={"name": "s"})
        wait_until_denied("mcp-secrets", lambda: admin.creates("mcpservers", TEAM, token))
        wait_until_denied(
            "temporal-secrets", lambda: admin.creates("temporalconnections", TEAM, KEYED_TEMPORAL)
        )
        wait_until_denied("pool-pods", lambda: admin.creates("workerpools", TEAM))
        wait_until_denied("pool-secrets", lambda: deployer.creates("workerpools", TEAM, keyed))
        yield running


@pytest.fixture
def admin(cluster: Cluster) -> Person:
    """Has the role admin of ours, and no right to any Secret or pod."""
    return cluster.person(ADMIN)


@pytest.fixture
def key_holder(cluster: Cluster) -> Person:
    """Has the role too, may create pods, and may get some Secrets by their names."""
    cluster.grant(KEY_HOLDER, f"{RELEASE}-admin", TEAM)
    names = ["mistral", "s", *(f"s{number}" for number in range(20))]
    cluster.allow(KEY_HOLDER, TEAM, rule("pods", "create"), rule("secrets", "get", names=names))
    return cluster.person(KEY_HOLDER)


@pytest.fixture
def deployer(cluster: Cluster) -> Person:
    """Has the role too, and may create pods."""
    return cluster.person(DEPLOYER)
