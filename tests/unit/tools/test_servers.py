import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from tests.unit.tools.waiting import wait_for
from tools.errors import ExpectedError
from tools.local import audit
from tools.local.control_plane import ControlPlane
from tools.local.install import install_kinds
from tools.local.processes import Processes
from tools.local.services import pods_service
from tools.local.temporal import FAST_DRAINAGE, TemporalServer

SCRIPT = """
trap 'echo ended; exit 0' TERM
echo "$COLOR $(cat "$DURABLE_AGENTS_SECRETS_DIR/keys/api-key" 2>/dev/null || echo no key)"
while true; do sleep 0.05; done
"""


def worker_deployment(*, replicas: int, color: str = "red") -> str:
    labels = {"pool": "default"}
    worker = {
        "name": "worker",
        "image": "worker:dev",
        "command": ["sh", "-c", SCRIPT],
        "env": [{"name": "COLOR", "value": color}],
    }
    keys = {"name": "keys", "optional": True, "items": [{"key": "api-key", "path": "keys/api-key"}]}
    spec = {
        "containers": [worker],
        "volumes": [{"name": "keys", "projected": {"sources": [{"secret": keys}]}}],
    }
    return yaml.safe_dump(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {
                "name": "workers",
                "namespace": "default",
                "labels": {"durable-agents.dev/pool": "default"},
            },
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        }
    )


class LocalRunner:
    def __init__(self, processes: Processes, directory: Path) -> None:
        self.processes, self.directory = processes, directory

    def log(self, index: int) -> str:
        path = self.directory / "logs" / "default" / "workers" / f"{index}.log"
        return path.read_text() if path.exists() else ""

    def pid(self, index: int) -> int | None:
        path = self.directory / "workers" / "default" / "workers" / f"{index}.pid"
        return int(path.read_text() or 0) if path.exists() else None


@pytest.fixture
def local_runner(control_plane: ControlPlane, processes: Processes, tmp_path: Path) -> Iterator[LocalRunner]:
    service = pods_service(control_plane.kubeconfig(), tmp_path / "workers", tmp_path / "logs")
    processes.start(service.command)
    yield LocalRunner(processes, tmp_path)
    control_plane.kubectl()("delete", "deployments,secrets", "--all", "--namespace=default")


def test_operator_may_do_only_what_a_role_grants(control_plane: ControlPlane) -> None:
    assert "default" in control_plane.kubectl()("get", "namespaces")
    with pytest.raises(ExpectedError, match='User "operator" cannot list resource "namespaces"'):
        control_plane.kubectl("operator")("get", "namespaces")


def test_audit_log_holds_what_the_operator_asked_for_and_nobody_else(control_plane: ControlPlane) -> None:
    control_plane.kubectl()("get", "secrets")
    with pytest.raises(ExpectedError, match="cannot list"):
        control_plane.kubectl("operator")("get", "configmaps", "--namespace=kube-system")
    asked = [
        (each.verb, each.object_ref.resource, each.response_status.code)
        for each in audit.requests(control_plane.audit_log)
        if each.object_ref and each.response_status
    ]
    assert ("list", "configmaps", 403) in asked
    assert "secrets" not in {resource for _, resource, _ in asked}


def test_owned_objects_and_contents_of_namespaces_go_away(control_plane: ControlPlane) -> None:
    kubectl = control_plane.kubectl()
    kubectl("create", "namespace", "passing")
    kubectl("create", "configmap", "owner", "--namespace=default")
    uid = kubectl("get", "configmap", "owner", "--output=jsonpath={.metadata.uid}")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    for namespace, owners in (("default", [owner]), ("passing", [])):
        metadata = {"name": "owned", "namespace": namespace, "ownerReferences": owners}
        kubectl.apply(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))
    kubectl("delete", "configmap", "owner")
    kubectl("wait", "--for=delete", "configmap/owned", "--timeout=60s")
    kubectl("delete", "namespace", "passing", "--timeout=60s")


def test_local_runner_runs_what_a_deployment_says(
    control_plane: ControlPlane, local_runner: LocalRunner
) -> None:
    kubectl = control_plane.kubectl()
    kubectl.apply(worker_deployment(replicas=2))
    kubectl("rollout", "status", "deployment/workers", "--timeout=30s")
    assert "2/2" in kubectl("get", "deployment", "workers")
    wait_for(lambda: "red no key" in local_runner.log(1), "the second process")

    kubectl.apply(worker_deployment(replicas=1, color="blue"))
    kubectl("rollout", "status", "deployment/workers", "--timeout=30s")
    wait_for(lambda: "blue" in local_runner.log(0) and "ended" in local_runner.log(0), "the replacement")
    wait_for(lambda: local_runner.log(1).endswith("ended\n"), "the end of the second process")


def test_secret_reaches_the_processes_and_is_taken_away(
    control_plane: ControlPlane, local_runner: LocalRunner
) -> None:
    kubectl = control_plane.kubectl()
    file = (
        local_runner.directory / "workers" / "default" / "workers" / "secrets" / "keys" / "keys" / "api-key"
    )
    kubectl.apply(worker_deployment(replicas=1))
    kubectl("create", "secret", "generic", "keys", "--from-literal=api-key=one")
    wait_for(lambda: file.exists() and file.read_text() == "one", "the first key")
    kubectl("patch", "secret", "keys", "--patch", '{"stringData": {"api-key": "two"}}')
    wait_for(lambda: file.read_text() == "two", "the second key")
    kubectl("delete", "secret", "keys")
    wait_for(lambda: not file.exists(), "the end of the key")


def test_killed_process_is_started_again(control_plane: ControlPlane, local_runner: LocalRunner) -> None:
    control_plane.kubectl().apply(worker_deployment(replicas=1))
    wait_for(lambda: local_runner.log(0).count("red") == 1, "the first process")
    first = local_runner.pid(0)
    assert first
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: local_runner.log(0).count("red") == 2, "the second process")
    assert local_runner.pid(0) != first


def test_processes_end_with_the_local_runner(control_plane: ControlPlane, local_runner: LocalRunner) -> None:
    control_plane.kubectl().apply(worker_deployment(replicas=1))
    wait_for(lambda: "red" in local_runner.log(0), "the process")
    local_runner.processes.stop("pods")
    assert local_runner.log(0).endswith("ended\n")


def test_temporal_keeps_its_state_over_a_restart(tmp_path: Path) -> None:
    server = TemporalServer(tmp_path, durable=True, settings=FAST_DRAINAGE)
    workflow = f"http://127.0.0.1:{server.ports.http}/api/v1/namespaces/default/workflows/kept"
    start = {"workflowType": {"name": "Any"}, "taskQueue": {"name": "any"}}
    with server.running():
        httpx2.post(workflow, json=start).raise_for_status()
    with server.running():
        assert "WORKFLOW_EXECUTION_STATUS_RUNNING" in httpx2.get(workflow).raise_for_status().text


def test_kinds_are_served_once_installed(control_plane: ControlPlane) -> None:
    install_kinds(control_plane.kubectl())
    assert "agentruns" in control_plane.kubectl()("api-resources", "--api-group=durable-agents.dev")
