"""The smallest things that need a right; each asks for one, and returns what tells whether it came."""

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2
import yaml

from agents_crds.v1alpha1 import Agent, AgentRun, ModelProvider, StoredObject
from agents_operator.agents.deletion import FINALIZER
from agents_operator.agents.orphans import CONFIGMAP as ORPHANS
from agents_operator.runs.status import EXPIRY_FORMAT
from tests.component.platform import Operator
from tests.component.tenant import Tenant, agent_spec
from tests.standin.faults import AnswerWith
from tests.user import Manifest, condition, eventually, manifest
from tools.local.install import OPERATOR_NAMESPACE
from tools.local.processes import Processes

READER = "reader"
METRICS_PORT = "DURABLE_AGENTS_METRICS_PORT"
UNKNOWN_TOOL = agent_spec(tools=[{"function": {"name": "no_such_tool"}}])


@dataclass(frozen=True)
class Stage:
    """A namespace with a provider, a pool and an Agent that are Ready, and the operator that serves it."""

    tenant: Tenant
    operator: Operator


Told = Callable[[], bool]
Scenario = Callable[[Stage, str], Told]


def agent_is_seen(stage: Stage, name: str) -> Told:
    stage.tenant.apply_agent(name)
    return lambda: was_looked_at(stage.tenant.get(Agent, name))


def run_is_seen(stage: Stage, name: str) -> Told:
    stage.tenant.apply_run(name, "nobody")
    return lambda: was_looked_at(stage.tenant.get(AgentRun, name))


def provider_is_seen(stage: Stage, name: str) -> Told:
    stage.tenant.apply(provider(stage, name))
    return lambda: was_looked_at(stage.tenant.get(ModelProvider, name))


def installation_id_is_found_or_made_up(stage: Stage, _: str) -> Told:
    return stage.operator.service.ready


def lease_is_held(stage: Stage, _: str) -> Told:
    return stage.operator.service.ready


def lease_is_renewed(stage: Stage, _: str) -> Told:
    before = last_renewal(stage)
    return lambda: last_renewal(stage) != before


def last_renewal(stage: Stage) -> str:
    """When the operator last renewed its Lease."""
    platform = stage.tenant.platform
    lease = f"lease/durable-agents-{platform.installation}"
    path = "--output=jsonpath={.spec.renewTime}"
    return platform.kubectl("get", lease, f"--namespace={OPERATOR_NAMESPACE}", path)


def agent_gets_its_finalizer(stage: Stage, name: str) -> Told:
    stage.tenant.apply_agent(name)
    return lambda: FINALIZER in stage.tenant.get(Agent, name).metadata.finalizers


def agent_becomes_ready(stage: Stage, name: str) -> Told:
    stage.tenant.apply_agent(name)
    return lambda: is_ready(stage.tenant.get(Agent, name))


def agent_edited_while_it_is_made_is_read_anew(stage: Stage, name: str) -> Told:
    platform = stage.tenant.platform
    fails = failures(stage, f"agent {stage.tenant.namespace}/{name}")
    hold = platform.standin.hold("POST", "/v1/agents", contains=name, times=1)
    stage.tenant.apply_agent(name)
    platform.standin.wait_until_held(hold)
    stage.tenant.kubectl("label", f"agent/{name}", "touched=yes")
    platform.standin.release(hold)
    return lambda: is_ready(stage.tenant.get(Agent, name)) and not fails()


def run_is_started(stage: Stage, name: str) -> Told:
    stage.tenant.apply_run(name, READER)
    return lambda: stage.tenant.get(AgentRun, name).status.workflow_id is not None


def deleted_run_has_its_workflow_stopped(stage: Stage, name: str) -> Told:
    platform = stage.tenant.platform
    hold = platform.standin.hold("POST", "/v1/conversations", times=1)
    stage.tenant.apply_run(name, READER)
    platform.standin.wait_until_held(hold)
    workflow = stage.tenant.workflow_of(name)
    stage.tenant.delete(f"agentrun/{name}")
    return lambda: platform.workflow_status(workflow) != "RUNNING"


def expired_run_is_deleted(stage: Stage, name: str) -> Told:
    stage.tenant.apply_run(name, "nobody")
    status = {"finished": True, "expires": datetime.now(UTC).strftime(EXPIRY_FORMAT)}
    write_status(stage.tenant, f"agentrun/{name}", status)
    return lambda: name not in names(stage, "agentruns")


def provider_becomes_ready(stage: Stage, name: str) -> Told:
    stage.tenant.apply(provider(stage, name))
    return lambda: is_ready(stage.tenant.get(ModelProvider, name))


def provider_edited_while_it_is_tried_is_read_anew(stage: Stage, name: str) -> Told:
    platform = stage.tenant.platform
    fails = failures(stage, f"modelprovider {stage.tenant.namespace}/{name}")
    hold = platform.standin.hold("GET", "/v1/models", times=1)
    stage.tenant.apply(provider(stage, name))
    platform.standin.wait_until_held(hold)
    stage.tenant.kubectl("label", f"modelprovider/{name}", "touched=yes")
    platform.standin.release(hold)
    return lambda: is_ready(stage.tenant.get(ModelProvider, name)) and not fails()


def agent_has_its_instructions_from_a_configmap(stage: Stage, name: str) -> Told:
    metadata: Manifest = {"name": name}
    prompts: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    stage.tenant.apply({**prompts, "data": {"system": "Answer by your tools."}})
    spec = agent_spec(instructionsFrom={"configMapKeyRef": {"name": name, "key": "system"}})
    del spec["instructions"]
    stage.tenant.apply(manifest("Agent", name, spec))
    return lambda: is_ready(stage.tenant.get(Agent, name))


def trouble_is_told_by_an_event(stage: Stage, name: str) -> Told:
    stage.tenant.apply(manifest("Agent", name, UNKNOWN_TOOL))
    return lambda: bool(stage.tenant.events(f"Agent/{name}"))


def trouble_that_comes_again_is_counted(stage: Stage, name: str) -> Told:
    tenant = stage.tenant
    broken = manifest("Agent", name, UNKNOWN_TOOL)
    tenant.apply(broken)
    eventually(lambda: tenant.events(f"Agent/{name}"), bool)
    tenant.ready_agent(name)
    tenant.apply(broken)
    return lambda: counted(stage, name) == 2


def orphan_is_recorded(stage: Stage, name: str) -> Told:
    tenant = stage.tenant
    listed = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": ORPHANS, "namespace": OPERATOR_NAMESPACE},
    }
    # Not the first one: what is recorded already stays.
    tenant.platform.kubectl.apply(yaml.safe_dump(listed))
    remote = tenant.ready_agent(name).status.remote
    assert remote is not None
    tenant.platform.standin.fail("DELETE", f"/v1/agents/{remote.id}", AnswerWith(status=500), times=None)
    tenant.delete(f"agent/{name}", wait=False)
    get = ("get", "configmap", ORPHANS, f"--namespace={OPERATOR_NAMESPACE}", "--output=json")
    return lambda: f"{tenant.namespace}.{name}." in tenant.platform.kubectl(*get)


def orphans_are_counted(stage: Stage, name: str) -> Told:
    kubectl = stage.tenant.platform.kubectl
    listed = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": ORPHANS, "namespace": OPERATOR_NAMESPACE},
        "data": {name: "{}"},
    }
    kubectl.apply(yaml.safe_dump(listed))
    get = ("get", "configmap", ORPHANS, f"--namespace={OPERATOR_NAMESPACE}", "--output=json")
    line = f"durable_agents_orphaned_remote_agents {float(len(json.loads(kubectl(*get))['data']))}"
    page = f"http://127.0.0.1:{stage.operator.service.command.env[METRICS_PORT]}/metrics"
    return lambda: line in httpx2.get(page, trust_env=False).text.splitlines()


def provider(stage: Stage, name: str) -> Manifest:
    key: Manifest = {"name": "mistral", "key": "api-key"}
    return manifest("ModelProvider", name, {"url": stage.tenant.platform.standin_url, "apiKeySecretRef": key})


def is_ready(stored: StoredObject) -> bool:
    return condition(stored, "Ready").status == "True"


def was_looked_at(stored: StoredObject) -> bool:
    return stored.status.conditions[0].reason != "Pending"


def names(stage: Stage, resource: str) -> list[str]:
    return stage.tenant.kubectl("get", resource, "--output=jsonpath={.items[*].metadata.name}").split()


def write_status(tenant: Tenant, target: str, status: Mapping[str, object]) -> None:
    patch = json.dumps({"status": status})
    tenant.kubectl("patch", target, "--subresource=status", "--type=merge", f"--patch={patch}")


def counted(stage: Stage, agent: str) -> int:
    found = json.loads(stage.tenant.kubectl("get", "events.events.k8s.io", "--output=json"))
    counts = [
        event["series"]["count"]
        for event in found["items"]
        if event["regarding"]["name"] == agent and "series" in event
    ]
    return max(counts, default=1)


def failures(stage: Stage, what: str) -> Told:
    """Tell whether a reconcile fails from now on."""
    before = len(stage.operator.log)
    return lambda: f"{what} failed" in stage.operator.log[before:]


@contextmanager
def paused(processes: Processes, name: str) -> Iterator[None]:
    """Let a process stand still for a while."""
    pid = processes.pid(name)
    assert pid is not None
    os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(pid, signal.SIGCONT)
