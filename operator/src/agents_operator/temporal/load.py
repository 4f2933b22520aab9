"""How much there is to do on the task queues of a worker pool."""

from dataclasses import dataclass

from temporalio.api.deployment.v1 import WorkerDeploymentVersion as RawVersion
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentVersionRequest,
)
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode

from agents_crds.contract.names import (
    AGENT_LOOP_WORKFLOW,
    AGENT_RUN_WORKFLOW,
    STATE_ATTRIBUTE,
    WAITING_STATE,
)
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import rpc_failure

TYPES = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


@dataclass(frozen=True)
class OpenRuns:
    """Runs that are not over; those that wait need no worker until they go on."""

    all: int = 0
    waiting: int = 0


class WorkLoads:
    """What waits and what goes on in Temporal; every method raises TemporalUnreachableError."""

    def __init__(self, client: Client, *, state_attribute: bool) -> None:
        """Without `state_attribute`, which tells runs that wait, none does."""
        self._client = client
        self._state_attribute = state_attribute

    async def runs(self, queue: str, version: WorkerDeploymentVersion | None = None) -> OpenRuns:
        """Count the runs of a pool's queue, or those of them that are pinned to one build."""
        query = (
            f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running' "
            f"AND WorkflowType IN ('{AGENT_RUN_WORKFLOW}', '{AGENT_LOOP_WORKFLOW}')"
        )
        if version is not None:
            query += f" AND TemporalWorkerDeploymentVersion = '{version.deployment_name}:{version.build_id}'"
        every = await self._count(query)
        if not every or not self._state_attribute:
            return OpenRuns(every)
        # Of those that do not wait the attribute is absent, which `!=` means otherwise in SQL than elsewhere.
        waiting = await self._count(f"{query} AND {STATE_ATTRIBUTE} = '{WAITING_STATE}'")
        return OpenRuns(every, waiting)

    async def backlog(self, version: WorkerDeploymentVersion, queue: str) -> int:
        """Count the tasks that wait for a worker of a build, on all of its queues; up to 5 s old.

        Of a build that no worker has polled for, those of the pool's own queue.
        """
        request = DescribeWorkerDeploymentVersionRequest(
            namespace=self._client.namespace,
            deployment_version=RawVersion(deployment_name=version.deployment_name, build_id=version.build_id),
            report_task_queue_stats=True,
        )
        try:
            described = await self._client.workflow_service.describe_worker_deployment_version(
                request, retry=True, timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise rpc_failure(error) from error
        else:
            if queues := described.version_task_queues:
                return sum(each.stats.approximate_backlog_count for each in queues)
        return sum([await self._backlog_of_queue(queue, each) for each in TYPES])

    async def _backlog_of_queue(self, queue: str, type_: TaskQueueType.ValueType) -> int:
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=type_,
            report_stats=True,
        )
        try:
            described = await self._client.workflow_service.describe_task_queue(
                request, retry=True, timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            raise rpc_failure(error) from error
        return described.stats.approximate_backlog_count

    async def _count(self, query: str) -> int:
        try:
            return (await self._client.count_workflows(query, rpc_timeout=RPC_TIMEOUT)).count
        except RPCError as error:
            raise rpc_failure(error) from error
