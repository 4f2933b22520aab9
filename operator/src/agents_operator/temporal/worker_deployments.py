"""The Worker Deployments of a Temporal namespace, for what is left of pools and builds that are gone.

A namespace has room for 100 of them, and each for 100 versions.
https://docs.temporal.io/production-deployment/worker-deployments/worker-versioning
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.workflowservice.v1 import (
    DeleteWorkerDeploymentRequest,
    DeleteWorkerDeploymentVersionRequest,
    DescribeWorkerDeploymentRequest,
    ListWorkerDeploymentsRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from agents_operator.temporal.builds import UNUSED
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.errors import rpc_failure

PAGE = 100
# What it still has is in use, or was until minutes ago; or it is gone.
_KEPT = frozenset({RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.NOT_FOUND})


@dataclass(frozen=True)
class Version:
    """A build, as Temporal knows it."""

    build: str
    unused: bool
    """Whether no workflow is pinned to it, nor will be."""
    since: datetime


@dataclass(frozen=True)
class ListedDeployment:
    """A Worker Deployment in a listing."""

    name: str
    since: datetime


@dataclass(frozen=True)
class DescribedDeployment:
    """A Worker Deployment with its versions, the oldest first."""

    name: str
    current: str | None
    versions: tuple[Version, ...]
    token: bytes
    """Of this very state: a change that names it fails when somebody else made one."""


class WorkerDeployments:
    """Lists, describes and deletes; every method raises TemporalUnreachableError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def list(self, prefix: str) -> AsyncIterator[ListedDeployment]:
        """List those whose name begins so; a failure in the middle raises."""
        token = b""
        while True:
            request = ListWorkerDeploymentsRequest(
                namespace=self._client.namespace, page_size=PAGE, next_page_token=token
            )
            try:
                page = await self._client.workflow_service.list_worker_deployments(
                    request, retry=True, timeout=RPC_TIMEOUT
                )
            except RPCError as error:
                raise rpc_failure(error) from error
            for found in page.worker_deployments:
                if found.name.startswith(prefix):
                    yield ListedDeployment(found.name, found.create_time.ToDatetime(tzinfo=UTC))
            token = page.next_page_token
            if not token:
                return

    async def describe(self, name: str) -> DescribedDeployment | None:
        """Describe one; None when it is gone."""
        request = DescribeWorkerDeploymentRequest(namespace=self._client.namespace, deployment_name=name)
        try:
            answer = await self._client.workflow_service.describe_worker_deployment(
                request, retry=True, timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise rpc_failure(error) from error
        info = answer.worker_deployment_info
        versions = (
            Version(
                summary.deployment_version.build_id,
                summary.status in UNUSED,
                summary.create_time.ToDatetime(tzinfo=UTC),
            )
            for summary in info.version_summaries
        )
        return DescribedDeployment(
            name,
            info.routing_config.current_deployment_version.build_id or None,
            tuple(sorted(versions, key=lambda version: version.since)),
            answer.conflict_token,
        )

    async def retire(self, seen: DescribedDeployment) -> bool:
        """Let no build be current, so that the last one drains; False when somebody changed it meanwhile."""
        request = SetWorkerDeploymentCurrentVersionRequest(
            namespace=self._client.namespace,
            deployment_name=seen.name,
            build_id="",
            conflict_token=seen.token,
            ignore_missing_task_queues=True,
            allow_no_pollers=True,
            identity="operator",
        )
        try:
            await self._client.workflow_service.set_worker_deployment_current_version(
                request, retry=True, timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            return _kept_or_raise(error)
        return True

    async def delete_version(self, name: str, build: str) -> bool:
        """Delete a build that is unused; False while it has workers, or had some minutes ago."""
        request = DeleteWorkerDeploymentVersionRequest(
            namespace=self._client.namespace,
            deployment_version=WorkerDeploymentVersion(deployment_name=name, build_id=build),
            identity="operator",
        )
        try:
            await self._client.workflow_service.delete_worker_deployment_version(
                request, retry=True, timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            return _kept_or_raise(error)
        return True

    async def delete(self, name: str) -> bool:
        """Delete one that has no versions; False when it has some."""
        request = DeleteWorkerDeploymentRequest(
            namespace=self._client.namespace, deployment_name=name, identity="operator"
        )
        try:
            await self._client.workflow_service.delete_worker_deployment(
                request, retry=True, timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            return _kept_or_raise(error)
        return True


def _kept_or_raise(error: RPCError) -> bool:
    if error.status in _KEPT:
        return False
    raise rpc_failure(error) from error
