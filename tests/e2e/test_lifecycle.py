"""Installing, upgrading, removing: what stays, what goes, and what goes on."""

import json

from pydantic import JsonValue

from agents_crds.contract import OLDEST_CONTRACT
from agents_crds.v1alpha1 import Agent, AgentRun, ModelProvider, WorkerPool
from agents_operator.pools.contract import spoken_contract
from tests.e2e.cluster import Cluster
from tests.e2e.installation import NAMESPACE, OURS, Installation, reachable_standin
from tests.e2e.readme import commands, run
from tests.e2e.release import Release
from tests.e2e.tenant import PATIENCE, Tenant, half_way
from tests.standin.control import StandIn
from tests.user import condition, eventually

STRICT: JsonValue = {"spec": {"outputSchema": {"type": "object", "properties": {"rate": {"type": "string"}}}}}
CLUSTER_WIDE = (
    "crds,clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings"
)


def test_uninstalled_and_installed_again_everything_goes_on_the_defaults_of_the_chart_too(
    installation: Installation, standin: StandIn, namespace: str, rates_image: str
) -> None:
    images = {**installation.cluster.images, "worker": rates_image}
    defaults = f"defaults.namespaces={{{namespace}}}"
    installation.cluster.kubectl("create", "namespace", namespace)
    installation.install(defaults, images=images)
    tenant = Tenant(installation, standin, namespace)
    half_way(standin, tenant, "interrupted")
    before = tenant.get(Agent, "finance").status.remote
    installation.uninstall()
    assert [agent.metadata.name for agent in tenant.list(Agent)] == ["finance"]
    assert [each.metadata.name for each in tenant.list(AgentRun)] == ["interrupted"]
    assert [provider.metadata.name for provider in tenant.list(ModelProvider)] == ["default"]
    assert [pool.metadata.name for pool in tenant.list(WorkerPool)] == ["default"]
    installation.install(defaults, images=images)
    tenant.succeeded("interrupted")
    tenant.wait("agent/finance", "Ready", timeout=PATIENCE)
    after = tenant.get(Agent, "finance").status.remote
    assert before is not None
    assert after is not None
    assert (after.id, after.version) == (before.id, before.version)
    assert len(tenant.remote_agents()) == 1
    tenant.assert_done_once()
    tenant.remove()


def test_upgraded_from_the_last_release_with_a_run_in_flight(
    last_release: Release, bare: Installation, cluster: Cluster, namespace: str, rates_image: str
) -> None:
    bare.install(charts=last_release.charts, images=last_release.images)
    image = cluster.build_example(
        "python-tool", last_release.images["worker"], f"{cluster.target.tag}-released"
    )
    with reachable_standin(bare) as standin:
        tenant = Tenant(bare, standin, namespace)
        tenant.create(image)
        half_way(standin, tenant, "interrupted")
        before = tenant.get(Agent, "finance").status.remote
        bare.install()
        tenant.succeeded("interrupted")
        tenant.assert_done_once()
        # The pool still runs the released image: the operator of today speaks with it.
        tenant.apply_run("afterwards")
        tenant.succeeded("afterwards")
        assert tenant.get(Agent, "finance").status.remote == before
        assert images_of(tenant) == {image}
        assert spoken_contract(tenant.get(WorkerPool, "default")) == OLDEST_CONTRACT
        tenant.kubectl("patch", "agent/finance", "--type=merge", f"--patch={json.dumps(STRICT)}")
        ready = eventually(
            lambda: condition(tenant.get(Agent, "finance"), "Ready"),
            lambda found: found.reason == "WorkerTooOld",
            timeout=PATIENCE,
        )
        assert "rebuild its image on this release's worker" in ready.message
        tenant.apply_run("patient")
        tenant.apply_pool(rates_image)
        tenant.succeeded("patient")
        tenant.remove()


def test_purge_as_the_readme_says_leaves_nothing(
    installation: Installation, rates_image: str, namespace: str
) -> None:
    agents, *rest = "".join(commands("Remove it")).splitlines()
    with reachable_standin(installation) as standin:
        tenant = Tenant(installation, standin, namespace)
        tenant.create(rates_image)
        half_way(standin, tenant, "unfinished")
        run(agents, installation.cluster.environ())
        assert tenant.remote_agents() == ()
    run("\n".join(rest), installation.cluster.environ())
    kubectl = installation.cluster.kubectl
    assert kubectl("get", CLUSTER_WIDE, f"--selector={OURS}", "--output=name") == ""
    assert "durable-agents" not in kubectl("get", CLUSTER_WIDE, "--output=name")
    assert f"namespace/{NAMESPACE}" not in kubectl("get", "namespaces", "--output=name").split()
    eventually(
        lambda: tenant.kubectl("get", "deployments,pods", "--output=name"),
        lambda found: found == "",
        timeout=PATIENCE,
    )


def images_of(tenant: Tenant) -> set[str]:
    """The images of the workers that there are."""
    return set(
        tenant.kubectl("get", "pods", "--output=jsonpath={.items[*].spec.containers[*].image}").split()
    )
