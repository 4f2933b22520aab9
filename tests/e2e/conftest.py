"""The cluster that `make e2e` hands over, and evidence of each failure before anything is cleaned up."""

import os
import re
import uuid
from collections.abc import Generator, Iterator

import pytest

from tests.e2e.cluster import Cluster
from tests.e2e.installation import Installation, reachable_standin
from tests.e2e.release import Release, build_last_release
from tests.e2e.tenant import NewTenant, Tenant
from tests.standin.control import StandIn
from tools.console import Console
from tools.containers.docker import Docker
from tools.kind import evidence
from tools.kind.cluster import Cluster as KindCluster
from tools.kind.helm import Helm
from tools.kind.target import Target, is_target_given, target_in
from tools.local.kubectl import Kubectl
from tools.local.services import STANDIN_KEY
from tools.parts.catalog import Part
from tools.parts.obtain import obtain_parts


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster of this run; one that is not of this machine is left as it was."""
    cluster = _cluster(target_in(os.environ))
    yield cluster
    if cluster.kind is None:
        Installation(cluster).purge()


@pytest.fixture(scope="session")
def kind_cluster(cluster: Cluster) -> Cluster:
    """The cluster, when it is one of this machine."""
    if cluster.kind is None:
        pytest.skip("is for a kind cluster of this machine")
    return cluster


@pytest.fixture(scope="session")
def rates_image(cluster: Cluster) -> str:
    """An image with the tools of examples/python-tool, built FROM ours as a user does."""
    return cluster.build_example("python-tool", cluster.images["worker"], f"{cluster.target.tag}-e2e")


@pytest.fixture(scope="session")
def everything_image(cluster: Cluster) -> str:
    """A worker with npm's server-everything, as examples/mcp-stdio builds it."""
    return cluster.build_example("mcp-stdio", cluster.images["worker-node"], f"{cluster.target.tag}-e2e")


@pytest.fixture(scope="session")
def travel_desk_image(cluster: Cluster) -> str:
    """The MCP server of examples/travel-desk."""
    return cluster.build_example("travel-desk", cluster.images["worker"], f"{cluster.target.tag}-e2e")


@pytest.fixture(scope="session")
def last_release(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The last release, its images in the cluster."""
    directory, prefix = tmp_path_factory.mktemp("release"), cluster.target.prefix
    release = build_last_release(cluster.engine(), directory, prefix, f"{cluster.target.tag}-released")
    cluster.load([*release.images.values()])
    return release


@pytest.fixture
def bare(cluster: Cluster) -> Installation:
    """The cluster without the charts; what an earlier test installed is removed."""
    installation = Installation(cluster)
    installation.purge()
    return installation


@pytest.fixture(scope="session")
def renewed(cluster: Cluster) -> Installation:
    """What an earlier run left installed, if so, brought to the charts and images of this checkout."""
    installation = Installation(cluster)
    if installation.installed:
        installation.install()
    return installation


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace of the test's own; it goes at the end, whatever comes."""
    name = f"tenant-{uuid.uuid4().hex[:8]}"
    yield name
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture
def installation(renewed: Installation) -> Installation:
    """The charts of this checkout, installed."""
    if not renewed.installed:
        renewed.install()
    return renewed


@pytest.fixture
def standin(installation: Installation) -> Iterator[StandIn]:
    """The stand-in for Mistral in the cluster, without faults at the end."""
    with reachable_standin(installation) as standin:
        yield standin
        standin.remove_faults()
        standin.set_keys([STANDIN_KEY])


@pytest.fixture
def new_tenant(installation: Installation, standin: StandIn, rates_image: str) -> Iterator[NewTenant]:
    """Make namespaces that nobody has used; what they have at the stand-in goes with them."""
    made: list[Tenant] = []

    def make(*, image: str = rates_image, key: str = STANDIN_KEY) -> Tenant:
        tenant = Tenant(installation, standin, f"tenant-{uuid.uuid4().hex[:8]}")
        made.append(tenant)
        tenant.create(image, key=key)
        return tenant

    yield make
    for tenant in made:
        tenant.remove()


@pytest.fixture
def tenant(new_tenant: NewTenant) -> Tenant:
    """A namespace of the test's own."""
    return new_tenant()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Collect evidence when a test fails: its fixtures uninstall everything next."""
    report = yield
    if report.failed and call.when != "teardown" and is_target_given(os.environ):
        kubectl = _cluster(target_in(os.environ)).kubectl
        where = evidence.collect(kubectl, re.sub(r"[^\w.-]+", "-", item.name))
        report.sections.append(("evidence", str(where)))
    return report


def _cluster(target: Target) -> Cluster:
    wanted = (Part.KUBECTL, Part.HELM, *((Part.KIND,) if target.kind else ()))
    parts = obtain_parts(wanted, Console())
    kubectl = Kubectl(parts[Part.KUBECTL], target.kubeconfig)
    helm = Helm(parts[Part.HELM], target.kubeconfig)
    if target.kind is None:
        return Cluster(target, kubectl, helm, None)
    kind = KindCluster(target.kind, parts[Part.KIND], Docker(), parts[Part.KUBECTL])
    return Cluster(target, kubectl, helm, kind)
