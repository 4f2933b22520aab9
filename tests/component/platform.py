"""One platform for the whole session: servers, stand-in, local runner, and operators to start and kill."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from mistralai.client import Mistral
from temporalio.client import Client

from agents_crds.contract.names import AGENT_RUN_WORKFLOW, RUN_MEMO
from tests.standin.control import StandIn
from tools.local.control_plane import ControlPlane
from tools.local.install import install
from tools.local.kubectl import Kubectl
from tools.local.ports import free_ports
from tools.local.processes import Processes, Service
from tools.local.services import STANDIN_KEY, OperatorSettings, operator_service, pods_service
from tools.local.services import StandIn as StandInProcess
from tools.local.temporal import FAST_DRAINAGE, TemporalServer
from tools.parts.catalog import Parts

OPERATOR_ROLE = "durable-agents-operator"
# Everything that takes minutes in a cluster takes seconds here.
SHORT_INTERVALS = {
    "DURABLE_AGENTS_AGENT_INTERVAL": "4s",
    "DURABLE_AGENTS_PROVIDER_INTERVAL": "4s",
    "DURABLE_AGENTS_RETRY_INTERVAL": "1s",
    "DURABLE_AGENTS_CONNECTION_INTERVAL": "1s",
    "DURABLE_AGENTS_SOURCE_INTERVAL": "1s",
    "DURABLE_AGENTS_SWEEP_INTERVAL": "1s",
    "DURABLE_AGENTS_SWEEP_SETTLED": "2s",
    "DURABLE_AGENTS_DELETION_TIMEOUT": "3s",
    "DURABLE_AGENTS_CANCEL_GRACE": "2s",
    "DURABLE_AGENTS_AUTOSCALE_INTERVAL": "1s",
    "DURABLE_AGENTS_BUILD_INTERVAL": "2s",
    "DURABLE_AGENTS_POOL_DELETION_TIMEOUT": "20s",
}
# One after the other operates the installation, and takes the Lease of the one before at once. It is long: a
# machine that stands still for seconds must not end the operator of all tests.
LEASE = {"DURABLE_AGENTS_IDENTITY": "operator", "DURABLE_AGENTS_LEASE_DURATION": "60s"}


@dataclass(frozen=True)
class Operator:
    """An operator's process."""

    service: Service
    processes: Processes
    health_port: int

    def answers(self, path: str) -> tuple[int, str]:
        """Ask one of its endpoints; return status and body."""
        response = httpx2.get(f"http://127.0.0.1:{self.health_port}/{path}", timeout=5)
        return response.status_code, response.text

    def start(self) -> None:
        """Start it, and return when it is ready."""
        self.processes.start(self.service.command)
        self.processes.wait_ready(self.service, timeout=30)

    def kill(self) -> None:
        """End it without warning."""
        self.processes.kill(self.service.name)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.processes.stop(self.service.name)

    def asked_to_end(self, *, within: float) -> bool:
        """Ask it to end, and tell whether it has in that many seconds."""
        pid = self.processes.pid(self.service.name)
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + within
        while self.runs and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.runs

    @property
    def log(self) -> str:
        """What it has printed."""
        return self.processes.log(self.service.name).read_text()

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return self.processes.pid(self.service.name) is not None


class Platform:
    """Everything that runs; each operator serves namespaces of its own."""

    def __init__(
        self,
        directory: Path,
        control_plane: ControlPlane,
        temporal: TemporalServer,
        standin_url: str,
        installation: str,
    ) -> None:
        self.directory = directory
        self.control_plane = control_plane
        self.temporal = temporal
        self.standin_url = standin_url
        self.standin = StandIn(standin_url)
        self.installation = installation

    @property
    def kubectl(self) -> Kubectl:
        """kubectl as the administrator."""
        return self.control_plane.kubectl()

    def of_installation(self, installation: str) -> "Platform":
        """The same, as another install sees it."""
        return Platform(self.directory, self.control_plane, self.temporal, self.standin_url, installation)

    def operator(
        self,
        processes: Processes,
        *,
        name: str = "operator",
        extra: Mapping[str, str] | None = None,
    ) -> Operator:
        """Describe an operator's process."""
        settings = OperatorSettings(
            kubeconfig=self.control_plane.kubeconfig("operator"),
            temporal_address=self.temporal.address,
            health_port=free_ports(1)[0],
            installation=self.installation,
        )
        store = {"DURABLE_AGENTS_PAYLOAD_STORE": (self.directory / "payloads").as_uri()}
        variables = SHORT_INTERVALS | LEASE | store | dict(extra or {})
        service = operator_service(settings, name=name, extra=variables)
        return Operator(service, processes, settings.health_port)

    def worker_pids(self, namespace: str) -> tuple[int, ...]:
        """Find the worker processes of a namespace."""
        pid_files = (self.directory / "workers" / namespace).rglob("*.pid")
        return tuple(int(pid_file.read_text()) for pid_file in pid_files)

    def kill_workers(self, namespace: str) -> None:
        """End the workers of a namespace without warning; the local runner starts others."""
        for pid in self.worker_pids(namespace):
            os.killpg(pid, signal.SIGKILL)

    def workflow_status(self, workflow_id: str) -> str:
        """Ask Temporal how a workflow stands: RUNNING, COMPLETED, CANCELED, TERMINATED …"""
        return asyncio.run(self._workflow_status(workflow_id))

    def terminate_workflow(self, workflow_id: str) -> None:
        """End a workflow as an administrator would."""
        asyncio.run(self._terminate_workflow(workflow_id))

    def start_late(self, workflow_id: str, memo: Mapping[str, object]) -> None:
        """Start a run's workflow, where no worker takes it up, as an operator would that is gone by now."""
        asyncio.run(self._start_late(workflow_id, memo))

    def start_unattended(self, workflow_id: str, queue: str) -> None:
        """Start a workflow of a user's own that no worker knows."""
        asyncio.run(self._start_unattended(workflow_id, queue))

    def pending_activities(self, workflow_id: str) -> tuple[str, ...]:
        """Name the activities that a workflow waits for."""
        return asyncio.run(self._pending_activities(workflow_id))

    def workflow_build(self, workflow_id: str) -> str:
        """Ask Temporal which worker build a workflow is pinned to."""
        return asyncio.run(self._workflow_build(workflow_id))

    def histories(self, namespace: str | None = None) -> bytes:
        """Read all events of the workflows of a namespace, or of all, as Temporal stores them."""
        prefix = "" if namespace is None else f"{self.installation}/{namespace}/"
        return asyncio.run(self._histories(prefix))

    def edit_by_hand(self, agent_id: str, *, instructions: str) -> None:
        """Change a remote agent behind the operator's back."""
        with Mistral(api_key=STANDIN_KEY, server_url=self.standin_url) as mistral:
            mistral.beta.agents.update(agent_id=agent_id, instructions=instructions)

    def delete_by_hand(self, agent_id: str) -> None:
        """Delete a remote agent behind the operator's back."""
        with Mistral(api_key=STANDIN_KEY, server_url=self.standin_url) as mistral:
            mistral.beta.agents.delete(agent_id=agent_id)

    @contextmanager
    def run_status_forbidden(self) -> Iterator[None]:
        """Take the operator's right to write the status of AgentRuns away for a while."""
        role = json.loads(self.kubectl("get", "clusterrole", OPERATOR_ROLE, "--output=json"))
        without = json.dumps(role).replace('"agentruns/status"', '"none/status"')
        self.kubectl("replace", "--filename=-", stdin=strip_version(without))
        try:
            yield
        finally:
            self.kubectl("replace", "--filename=-", stdin=strip_version(json.dumps(role)))

    async def _start_unattended(self, workflow_id: str, queue: str) -> None:
        client = await Client.connect(self.temporal.address)
        await client.start_workflow("Unattended", id=workflow_id, task_queue=queue)

    async def _start_late(self, workflow_id: str, memo: Mapping[str, object]) -> None:
        client = await Client.connect(self.temporal.address)
        await client.start_workflow(
            AGENT_RUN_WORKFLOW, id=workflow_id, task_queue="nobody's", memo={RUN_MEMO: memo}
        )

    async def _pending_activities(self, workflow_id: str) -> tuple[str, ...]:
        client = await Client.connect(self.temporal.address)
        description = await client.get_workflow_handle(workflow_id).describe()
        pending = description.raw_description.pending_activities
        return tuple(activity.activity_type.name for activity in pending)

    async def _workflow_build(self, workflow_id: str) -> str:
        client = await Client.connect(self.temporal.address)
        description = await client.get_workflow_handle(workflow_id).describe()
        versioning = description.raw_description.workflow_execution_info.versioning_info
        return versioning.deployment_version.build_id

    async def _histories(self, prefix: str) -> bytes:
        client = await Client.connect(self.temporal.address)
        mine = f"WorkflowId STARTS_WITH '{prefix}'" if prefix else None
        histories = [
            await client.get_workflow_handle(found.id, run_id=found.run_id).fetch_history()
            async for found in client.list_workflows(mine)
        ]
        # Not as JSON, which has the payloads in base64.
        return b"".join(event.SerializeToString() for history in histories for event in history.events)

    async def _workflow_status(self, workflow_id: str) -> str:
        client = await Client.connect(self.temporal.address)
        status = (await client.get_workflow_handle(workflow_id).describe()).status
        return "" if status is None else status.name

    async def _terminate_workflow(self, workflow_id: str) -> None:
        client = await Client.connect(self.temporal.address)
        await client.get_workflow_handle(workflow_id).terminate()


def strip_version(manifest: str) -> str:
    """Leave out the version, so that the manifest replaces whatever is there."""
    document = json.loads(manifest)
    del document["metadata"]["resourceVersion"]
    return json.dumps(document)


@contextmanager
def running_platform(
    directory: Path, parts: Parts, *, admission: tuple[str, ...] = ()
) -> Iterator[tuple[Platform, Processes]]:
    """Run all of it but the operators; `admission` names plugins of the API server to add."""
    control_plane = ControlPlane(directory / "kube", parts, install=install, admission=admission)
    temporal = TemporalServer(directory / "temporal", settings=FAST_DRAINAGE)
    standin = StandInProcess(free_ports(1)[0], directory / "standin" / "state.json")
    with Processes.tethered(directory) as processes:
        control_plane.start(processes)
        temporal.start(processes)
        standin.prepare()
        processes.start(standin.service.command)
        processes.wait_ready(standin.service, timeout=15)
        pods = pods_service(control_plane.kubeconfig(), directory / "workers", directory / "logs" / "workers")
        processes.start(pods.command)
        yield Platform(directory, control_plane, temporal, standin.url, "tests"), processes


@contextmanager
def running_neighbour(platform: Platform, directory: Path, parts: Parts) -> Iterator[Platform]:
    """Run another cluster and its operator on the Temporal and the stand-in of a platform."""
    control_plane = ControlPlane(directory / "kube", parts, install=install)
    with Processes.tethered(directory) as processes:
        control_plane.start(processes)
        pods = pods_service(control_plane.kubeconfig(), directory / "workers", directory / "logs" / "workers")
        processes.start(pods.command)
        neighbour = Platform(directory, control_plane, platform.temporal, platform.standin_url, "neighbours")
        neighbour.operator(processes).start()
        yield neighbour
