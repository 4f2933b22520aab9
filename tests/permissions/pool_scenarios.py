"""The smallest things that need a right on WorkerPools, their Deployments and their namespaces."""

from agents_crds.contract.names import pool_queue
from agents_crds.v1alpha1 import WorkerPool
from agents_operator.kubernetes.deployments import BUILD_LABEL, POOL_LABEL
from agents_operator.pools.deletion import FINALIZER, LOOK_AGAIN
from tests.component.tenant import Tenant, pool_spec
from tests.permissions.scenarios import Stage, Told, failures, names, paused, was_looked_at, write_status
from tests.user import Manifest, condition, eventually, manifest, stays


def pool_makes_a_deployment(stage: Stage, name: str) -> Told:
    stage.tenant.apply(idle_pool(stage, name))
    return lambda: bool(made_for(stage, name))


def pool_says_what_it_waits_for(stage: Stage, name: str) -> Told:
    stage.tenant.apply(idle_pool(stage, name))
    return lambda: was_looked_at(stage.tenant.get(WorkerPool, name))


def pool_says_why_its_worker_does_not_start(stage: Stage, name: str) -> Told:
    """A pod as its kubelet would describe it: here the workers are no pods."""
    tenant = stage.tenant
    pool = pool_spec(tenant.tool_log)
    pool["template"] = {
        "spec": {"containers": [{"name": "worker", "image": "nowhere/worker", "command": ["false"]}]}
    }
    tenant.apply(manifest("WorkerPool", name, pool))
    (deployment,) = eventually(lambda: made_for(stage, name), bool)
    labels: Manifest = {POOL_LABEL: name, BUILD_LABEL: deployment.removeprefix(f"{name}-")}
    container: Manifest = {"name": "worker", "image": "nowhere/worker"}
    pod: Manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [container]},
    }
    waiting: Manifest = {**container, "imageID": "", "ready": False, "restartCount": 0}
    waiting["state"] = {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
    tenant.apply(pod)
    write_status(tenant, f"pod/{name}", {"containerStatuses": [waiting]})
    return lambda: condition(tenant.get(WorkerPool, name), "Ready").reason == "ImagePullFailed"


def build_that_nothing_uses_is_removed(stage: Stage, name: str) -> Told:
    stage.tenant.apply(idle_pool(stage, name))
    first = eventually(lambda: made_for(stage, name), bool)
    stage.tenant.apply(idle_pool(stage, name, EDITION="second"))
    return lambda: not set(first) & set(made_for(stage, name))


def pool_touched_while_it_is_deleted_is_read_anew(stage: Stage, name: str) -> Told:
    tenant = stage.tenant
    fails = failures(stage, f"workerpool {tenant.namespace}/{name}")
    tenant.apply(idle_pool(stage, name))
    eventually(lambda: is_held(tenant, name), bool)
    tenant.delete(f"workerpool/{name}", wait=False)
    eventually(
        lambda: condition(tenant.get(WorkerPool, name), "Ready").reason, lambda reason: reason == "Deleting"
    )
    with paused(stage.operator.processes, tenant.platform.temporal.service.name):
        # By the last of these, the operator looks again, could let the pool go, and waits for Temporal.
        for number, _ in enumerate(stays(lambda: None, seconds=LOOK_AGAIN.total_seconds() + 1)):
            tenant.kubectl("label", f"workerpool/{name}", f"touched={number}", "--overwrite")
    return lambda: name not in names(stage, "workerpools") and not fails()


def pool_gets_its_finalizer(stage: Stage, name: str) -> Told:
    stage.tenant.apply(idle_pool(stage, name))
    return lambda: is_held(stage.tenant, name)


def namespace_goes_with_its_pool(stage: Stage, name: str) -> Told:
    """A workflow of a user's own that nobody takes up would keep the pool where it is, and the namespace."""
    tenant = Tenant(stage.tenant.platform, name)
    tenant.kubectl("create", "namespace", name)
    tenant.apply(idle_pool(Stage(tenant, stage.operator), "idle"))
    eventually(lambda: is_held(tenant, "idle"), bool)
    queue = pool_queue(tenant.platform.installation, name, "idle")
    tenant.platform.start_unattended(name, queue)
    tenant.kubectl("delete", "namespace", name, "--wait=false")
    return lambda: not tenant.kubectl("get", "namespace", name, "--ignore-not-found")


def is_held(tenant: Tenant, pool: str) -> bool:
    """Whether a pool has the operator's finalizer."""
    return FINALIZER in tenant.get(WorkerPool, pool).metadata.finalizers


def made_for(stage: Stage, pool: str) -> list[str]:
    return [found for found in names(stage, "deployments") if found.startswith(f"{pool}-")]


def idle_pool(stage: Stage, name: str, **variables: str) -> Manifest:
    return manifest("WorkerPool", name, {**pool_spec(stage.tenant.tool_log, **variables), "replicas": 0})
