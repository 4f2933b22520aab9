"""Worker Deployments: which builds of a pool there are, what they offer, and which one new runs go to.

https://docs.temporal.io/production-deployment/worker-deployments/worker-versioning
"""

from datetime import timedelta

from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client, WorkflowFailureError
from temporalio.common import (
    PinnedVersioningOverride,
    WorkerDeploymentVersion,
    WorkflowIDConflictPolicy,
)
from temporalio.exceptions import TimeoutError as TemporalTimeoutError
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.names import DESCRIBE_TOOLS_WORKFLOW
from agents_crds.contract.tools import ToolCatalogue
from agents_operator.temporal.errors import rpc_failure

PROBE_TIMEOUT = timedelta(seconds=10)
RPC_TIMEOUT = timedelta(seconds=5)


class NoWorkerError(Exception):
    """No worker of the build has answered."""


class WorkerBuilds:
    """The builds of worker pools."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def describe_tools(
        self, version: WorkerDeploymentVersion, queue: str, probe_id: str
    ) -> ToolCatalogue:
        """Ask a worker of this very build for its tools; raise NoWorkerError when none answers in 10 s."""
        try:
            catalogue: ToolCatalogue = await self._client.execute_workflow(
                DESCRIBE_TOOLS_WORKFLOW,
                id=probe_id,
                task_queue=queue,
                result_type=ToolCatalogue,
                id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
                execution_timeout=PROBE_TIMEOUT,
                versioning_override=PinnedVersioningOverride(version),
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowFailureError as error:
            if isinstance(error.cause, TemporalTimeoutError):
                raise NoWorkerError(f"it did not answer within {PROBE_TIMEOUT.seconds} s") from error
            raise NoWorkerError(f"its answer could not be had: {error.cause}") from error
        except RPCError as error:
            if error.status is RPCStatusCode.FAILED_PRECONDITION:
                raise NoWorkerError("none has started yet") from error
            raise rpc_failure(error) from error
        return catalogue

    async def current(self, deployment: str) -> str | None:
        """Return the build that new workflows go to; None when none was set."""
        try:
            description = await self._client.workflow_service.describe_worker_deployment(
                DescribeWorkerDeploymentRequest(namespace=self._client.namespace, deployment_name=deployment),
                retry=True,
                timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise rpc_failure(error) from error
        routing = description.worker_deployment_info.routing_config
        return routing.current_deployment_version.build_id or None

    async def make_current(self, version: WorkerDeploymentVersion) -> None:
        """Send new workflows to this build."""
        try:
            await self._client.workflow_service.set_worker_deployment_current_version(
                SetWorkerDeploymentCurrentVersionRequest(
                    namespace=self._client.namespace,
                    deployment_name=version.deployment_name,
                    build_id=version.build_id,
                    # A provider's queue may have no worker yet, and a pool may stand at zero replicas.
                    ignore_missing_task_queues=True,
                    allow_no_pollers=True,
                    identity="operator",
                ),
                retry=True,
                timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            raise rpc_failure(error) from error

    async def count_running(self, version: WorkerDeploymentVersion) -> int:
        """Count the workflows that are pinned to this build and still go on."""
        query = (
            f"TemporalWorkerDeploymentVersion = '{version.deployment_name}:{version.build_id}' "
            "AND ExecutionStatus = 'Running'"
        )
        try:
            return (await self._client.count_workflows(query, rpc_timeout=RPC_TIMEOUT)).count
        except RPCError as error:
            raise rpc_failure(error) from error
