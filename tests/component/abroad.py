"""A second Temporal, behind TLS, and the TemporalConnection that leads there."""

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from pydantic import JsonValue
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from agents_crds.contract.conversion import PLAIN
from agents_crds.contract.names import operator_queue
from agents_crds.contract.payload import Payload
from tests.component.tenant import Tenant, pool_spec
from tests.user import Manifest, manifest
from tests.workflows.tls import SERVER_NAME, Certificates, Terminator, terminating_tls
from tools.local.processes import Processes
from tools.local.temporal import TemporalServer

CONNECTION = "eu"
POOL = "abroad"
KEY = "one"


@workflow.defn
class Forged:
    """Has the operator do something in the name of whatever its id says."""

    @workflow.run
    async def run(self, activity: str, told: dict[str, JsonValue], queue: str) -> None:
        """Ask once."""
        await workflow.execute_activity(
            activity,
            told,
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


@dataclass(frozen=True)
class Abroad:
    """The other Temporal."""

    server: TemporalServer
    processes: Processes
    certificates: Certificates
    front: Terminator

    def go(self) -> None:
        """End its process; what it has stays."""
        self.processes.kill(self.server.service.name)

    def come(self) -> None:
        """Start it again."""
        self.server.start(self.processes)

    def statuses(self, workflow_id: str) -> str:
        """Tell how a workflow stands, nothing when there is none."""
        return asyncio.run(self._status(workflow_id))

    def forge(self, installation: str, workflow_id: str, activity: str, told: Payload) -> None:
        """Let a workflow of that id call the operator; raises WorkflowFailureError."""
        asyncio.run(self._forge(installation, workflow_id, activity, told))

    async def _status(self, workflow_id: str) -> str:
        client = await Client.connect(self.server.address)
        try:
            status = (await client.get_workflow_handle(workflow_id).describe()).status
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return ""
        return "" if status is None else status.name

    async def _forge(self, installation: str, workflow_id: str, activity: str, told: Payload) -> None:
        client = await Client.connect(self.server.address, data_converter=PLAIN)
        queue = f"forger-of-{workflow_id}"
        runner = UnsandboxedWorkflowRunner()
        async with Worker(client, task_queue=queue, workflows=[Forged], workflow_runner=runner):
            await client.execute_workflow(
                Forged.run,
                args=[activity, told.model_dump(mode="json"), operator_queue(installation)],
                id=workflow_id,
                task_queue=queue,
                execution_timeout=timedelta(seconds=30),
            )

    def secrets(self, *, key: str = KEY, certificate: bytes | None = None) -> tuple[Manifest, ...]:
        """Write the Secrets that a TemporalConnection names."""
        pair = {
            "tls.crt": certificate or self.certificates.content("client.crt"),
            "tls.key": self.certificates.content("client.key"),
        }
        return (
            secret("temporal-ca", "Opaque", {"ca.crt": self.certificates.content("ca.crt")}),
            secret("temporal-client", "kubernetes.io/tls", pair),
            secret("temporal-key", "Opaque", {"api-key": key.encode()}),
        )

    def connection(self, **changes: JsonValue) -> Manifest:
        """Write the TemporalConnection."""
        tls: dict[str, JsonValue] = {
            "serverName": SERVER_NAME,
            "caSecretRef": {"name": "temporal-ca"},
            "clientCertificateSecretRef": {"name": "temporal-client"},
        }
        spec: dict[str, JsonValue] = {
            "address": self.front.address,
            "tls": tls,
            "apiKeySecretRef": {"name": "temporal-key", "key": "api-key"},
        }
        return manifest("TemporalConnection", CONNECTION, {**spec, **changes})

    def furnish(self, tenant: Tenant) -> None:
        """Give a namespace the connection and a pool that works there, both Ready, and an Agent."""
        ref: dict[str, JsonValue] = {"temporalConnectionRef": {"name": CONNECTION}}
        pool = pool_spec(tenant.tool_log) | ref
        tenant.apply(*self.secrets(), self.connection(), manifest("WorkerPool", POOL, pool))
        tenant.wait(f"temporalconnection/{CONNECTION}", "Ready")
        tenant.wait(f"workerpool/{POOL}", "Ready")
        tenant.ready_agent("reader", workerPoolRef={"name": POOL})


def secret(name: str, type_: str, data: dict[str, bytes]) -> Manifest:
    """Write a Secret."""
    encoded: dict[str, JsonValue] = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": type_, "data": encoded}


@contextmanager
def running_abroad(directory: Path) -> Iterator[Abroad]:
    """Run another Temporal server with TLS before it, for the length of the block."""
    server = TemporalServer(directory / "server", durable=True)
    (directory / "certificates").mkdir()
    certificates = Certificates.made(directory / "certificates")
    with Processes.tethered(directory) as processes, start_blocking_portal() as portal:
        server.start(processes)
        guarded = terminating_tls(certificates, server.address)
        with portal.wrap_async_context_manager(guarded) as front:
            yield Abroad(server, processes, certificates, front)
