"""Worker Deployments: which builds of a pool there are, what they offer, and which one new runs go to.

https://docs.temporal.io/production-deployment/worker-deployments/worker-versioning
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from pydantic import ValidationError
from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
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
from agents_crds.contract.payload import Payload
from agents_crds.contract.tools import ToolCatalogue
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import rpc_failure

# Never current, or drained of its last workflow. A count of 0 would not do: visibility lags, and a workflow
# is pinned only when its first task completes.
UNUSED = frozenset(
    {
        WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_INACTIVE,
        WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED,
    }
)
PROBE_TIMEOUT = timedelta(seconds=10)
UNREADABLE = "its answer cannot be read: rebuild its image on the worker of this release"

Answer = TypeVar("Answer", bound=Payload)


class NoWorkerError(Exception):
    """No worker of the build has answered."""


@dataclass(frozen=True)
class ObservedBuilds:
    """The builds of a pool, as Temporal knows them."""

    current: str | None
    in_use: frozenset[str]


class WorkerBuilds:
    """The builds of worker pools."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def describe_tools(
        self, version: WorkerDeploymentVersion, queue: str, probe_id: str
    ) -> ToolCatalogue:
        """Ask a worker of this very build for its tools; raise NoWorkerError when none answers in 10 s."""
        return await ask_build(
            self._client,
            version,
            queue,
            DESCRIBE_TOOLS_WORKFLOW,
            answer=ToolCatalogue,
            id=probe_id,
            conflict=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
            within=PROBE_TIMEOUT,
        )

    async def observe(self, deployment: str) -> ObservedBuilds:
        """Read which build new workflows go to, and which builds still have, or may get, workflows."""
        try:
            description = await self._client.workflow_service.describe_worker_deployment(
                DescribeWorkerDeploymentRequest(namespace=self._client.namespace, deployment_name=deployment),
                retry=True,
                timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return ObservedBuilds(current=None, in_use=frozenset())
            raise rpc_failure(error) from error
        info = description.worker_deployment_info
        return ObservedBuilds(
            current=info.routing_config.current_deployment_version.build_id or None,
            in_use=frozenset(
                summary.deployment_version.build_id
                for summary in info.version_summaries
                if summary.status not in UNUSED
            ),
        )

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


async def ask_build(
    client: Client,
    version: WorkerDeploymentVersion,
    queue: str,
    workflow: str,
    *,
    question: tuple[Payload, ...] = (),
    answer: type[Answer],
    id: str,  # noqa: A002  # as Temporal names it
    conflict: WorkflowIDConflictPolicy,
    within: timedelta,
) -> Answer:
    """Run a short workflow on a worker of this very build; raise NoWorkerError when none answers in time.

    Raises TemporalUnreachableError too.
    """
    try:
        answered: Answer = await client.execute_workflow(
            workflow,
            args=question,
            id=id,
            task_queue=queue,
            result_type=answer,
            id_conflict_policy=conflict,
            execution_timeout=within,
            versioning_override=PinnedVersioningOverride(version),
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowFailureError as error:
        if isinstance(error.cause, TemporalTimeoutError):
            raise NoWorkerError(f"it did not answer within {within.total_seconds():.0f} s") from error
        raise NoWorkerError(f"its answer could not be had: {error.cause}") from error
    except RPCError as error:
        if error.status is RPCStatusCode.FAILED_PRECONDITION:
            raise NoWorkerError("none has started yet") from error
        raise rpc_failure(error) from error
    except ValidationError as error:
        # Whoever makes the image decides what its workers say.
        raise NoWorkerError(UNREADABLE) from error
    return answered
