"""WorkerPools: builds of workers come and go, and every run stays with the one it started on."""

import json

from pydantic import JsonValue

from agents_crds.v1alpha1 import Condition, WorkerPool
from tests.component.platform import Platform
from tests.component.tenant import Tenant, pool_spec
from tests.user import condition, eventually, manifest
from tools.local.services import STANDIN_KEY

# A version of a worker deployment is drained some seconds after its last workflow, and looked at every 30 s.
SECONDS_TO_DRAIN = 60


def test_edited_template_makes_a_new_build_and_runs_stay_with_the_old_one(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    old = build(tenant)
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("early", "reader")
    platform.standin.wait_until_held(hold)
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log, EDITION="second")))
    new = eventually(lambda: build(tenant), lambda seen: seen != old)
    tenant.finished_run("late", "reader")
    assert platform.workflow_build(tenant.workflow_of("late")) == new
    assert deployments(tenant) == {f"default-{old}", f"default-{new}"}
    platform.standin.release(hold)
    tenant.wait("agentrun/early", "Succeeded")
    assert platform.workflow_build(tenant.workflow_of("early")) == old
    eventually(lambda: deployments(tenant), lambda seen: seen == {f"default-{new}"}, timeout=SECONDS_TO_DRAIN)
    tenant.finished_run("last", "reader")


def test_typo_in_the_template_is_told_by_its_field_and_harms_nobody(tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    old = build(tenant)
    patch(tenant, {"op": "add", "path": "/spec/template/spec/tolerationz", "value": []})
    progressing = rollout(tenant, "PodTemplateInvalid")
    assert progressing.status == "True"
    assert progressing.message == "spec.template.spec.tolerationz: field not declared in schema"
    assert condition(tenant.get(WorkerPool, "default"), "Ready").status == "True"
    assert "PodTemplateInvalid" in {event.reason for event in tenant.events("WorkerPool/default")}
    tenant.finished_run("meanwhile", "reader")
    patch(tenant, {"op": "remove", "path": "/spec/template/spec/tolerationz"})
    rollout(tenant, "RolloutComplete")
    assert build(tenant) == old


def test_template_of_a_new_pool_that_the_api_server_refuses_leaves_it_unready(tenant: Tenant) -> None:
    worker: JsonValue = {
        "name": "worker",
        "image": "worker:test",
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    tenant.apply(manifest("WorkerPool", "other", {"template": {"spec": {"containers": [worker]}}}))
    ready = eventually(
        lambda: condition(tenant.get(WorkerPool, "other"), "Ready"),
        lambda seen: seen.reason == "PodTemplateInvalid",
    )
    assert ready.status == "False"
    assert ready.message == 'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'


def test_broken_build_leaves_the_one_before_at_work_and_says_why(platform: Platform, tenant: Tenant) -> None:
    tenant.ready_agent("reader")
    old = build(tenant)
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log, "nowhere.to.be.found")))
    rollout(tenant, "WorkerNotResponding")
    pool = tenant.get(WorkerPool, "default")
    assert condition(pool, "Ready").status == "True"
    assert [offered.name for offered in pool.status.tools]
    tenant.finished_run("meanwhile", "reader")
    assert platform.workflow_build(tenant.workflow_of("meanwhile")) == old
    (broken,) = builds(tenant) - {str(old)}
    # No kubelet here: the pod is one that somebody has written.
    crashed_pod(tenant, broken, "the tools cannot be offered: module nowhere.to.be.found")
    crashing = rollout(tenant, "WorkerCrashing")
    assert "exit code 1: the tools cannot be offered: module nowhere" in crashing.message
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log)))
    rollout(tenant, "RolloutComplete")
    assert builds(tenant) == {old}


def test_build_that_serves_while_the_next_is_broken_learns_of_a_new_provider(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    old = str(build(tenant))
    tenant.apply(manifest("WorkerPool", "default", pool_spec(tenant.tool_log, "nowhere.to.be.found")))
    rollout(tenant, "WorkerNotResponding")
    tenant.kubectl("create", "secret", "generic", "other", f"--from-literal=key={STANDIN_KEY}")
    provider: dict[str, JsonValue] = {
        "url": platform.standin_url,
        "apiKeySecretRef": {"name": "other", "key": "key"},
    }
    tenant.apply(manifest("ModelProvider", "late", provider))
    tenant.ready_agent("late", providerRef={"name": "late"})
    tenant.finished_run("late", "late")
    assert platform.workflow_build(tenant.workflow_of("late")) == old


def test_worker_pods_keep_the_restricted_pod_security_standard(tenant: Tenant) -> None:
    tenant.wait("workerpool/default", "Ready")
    level = "pod-security.kubernetes.io/enforce=restricted"
    tenant.kubectl("label", "namespace", tenant.namespace, level)
    (deployment,) = json.loads(tenant.kubectl("get", "deployments", "--output=json"))["items"]
    pod = {"apiVersion": "v1", "kind": "Pod", **deployment["spec"]["template"]}
    pod["metadata"]["name"] = "worker"
    created = tenant.kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod))
    assert created == "pod/worker created (server dry run)\n"
    del pod["spec"]["securityContext"]
    assert "violates PodSecurity" in tenant.refusal(
        "create", "--dry-run=server", "--filename=-", stdin=json.dumps(pod)
    )


def test_build_that_still_has_runs_keeps_the_workers_that_these_need(
    platform: Platform, tenant: Tenant
) -> None:
    tenant.ready_agent("reader")
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    tenant.apply_run("early", "reader")
    platform.standin.wait_until_held(hold)
    second = pool_spec(tenant.tool_log, EDITION="second")
    scaling: JsonValue = {"mode": "Off", "scaleDownAfter": "1s"}
    tenant.apply(manifest("WorkerPool", "default", second | {"replicas": 2, "autoscaling": scaling}))
    eventually(lambda: sorted(replicas(tenant)), lambda seen: seen == ["1", "2"])
    platform.standin.release(hold)
    tenant.wait("agentrun/early", "Succeeded")


def build(tenant: Tenant) -> str | None:
    return tenant.get(WorkerPool, "default").status.build


def deployments(tenant: Tenant) -> set[str]:
    return set(tenant.kubectl("get", "deployments", "--output=jsonpath={.items[*].metadata.name}").split())


def builds(tenant: Tenant) -> set[str]:
    return {name.removeprefix("default-") for name in deployments(tenant)}


def replicas(tenant: Tenant) -> list[str]:
    return tenant.kubectl("get", "deployments", "--output=jsonpath={.items[*].spec.replicas}").split()


def rollout(tenant: Tenant, reason: str) -> Condition:
    """Wait until the pool's Progressing has that reason."""
    return eventually(
        lambda: condition(tenant.get(WorkerPool, "default"), "Progressing"),
        lambda seen: seen.reason == reason,
        timeout=60,
    )


def patch(tenant: Tenant, *operations: JsonValue) -> None:
    """Edit the pool."""
    tenant.kubectl("patch", "workerpool", "default", "--type=json", f"--patch={json.dumps(operations)}")


def crashed_pod(tenant: Tenant, build: str, last_words: str) -> None:
    """Write a pod of that build, and what a kubelet would say of it."""
    labels: JsonValue = {"durable-agents.dev/pool": "default", "durable-agents.dev/build": build}
    container: JsonValue = {"name": "worker", "image": "worker:test"}
    tenant.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "crashed", "labels": labels},
            "spec": {"containers": [container]},
        }
    )
    end: JsonValue = {"exitCode": 1, "reason": "Error", "message": last_words}
    status: JsonValue = {
        "name": "worker",
        "image": "worker:test",
        "imageID": "",
        "ready": False,
        "restartCount": 1,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": end},
    }
    change = json.dumps({"status": {"containerStatuses": [status]}})
    tenant.kubectl("patch", "pod", "crashed", "--subresource=status", "--type=merge", f"--patch={change}")
