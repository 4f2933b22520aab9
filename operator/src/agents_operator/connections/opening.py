"""Gets into the Temporal that a TemporalConnection leads to, with what its Secrets hold."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, GetSystemInfoRequest
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.runtime import Runtime
from temporalio.service import RPCError, TLSConfig

from agents_crds.contract.connection import CONNECT_SECONDS, TemporalUnavailableError
from agents_crds.contract.names import operator_queue
from agents_crds.v1alpha1 import Reason
from agents_operator.connections.credentials import Credentials
from agents_operator.connections.explain import refused_connection, refused_request
from agents_operator.errors import UnsupportedServerError, Waiting
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.temporal.connection import RPC_TIMEOUT, require_worker_deployments
from agents_operator.temporal.retention import TemporalNamespace, describe_namespace
from agents_operator.temporal.search_attributes import register_state_attribute


@dataclass(frozen=True)
class Opened:
    """A server that let the operator in."""

    client: Client
    version: str
    namespace: TemporalNamespace
    state_attribute: bool


class Opening:
    """Opens servers, and tries them; every method raises Waiting, which says what to do."""

    def __init__(
        self,
        converter: DataConverter,
        installation: str,
        *,
        retry_interval: timedelta,
        logger: logging.Logger,
        runtime: Runtime | None = None,
    ) -> None:
        """`runtime` is what the clients live in, by default that of the process."""
        self._runtime = runtime
        self._converter = converter
        self._queue = operator_queue(installation)
        self._retry_interval = retry_interval
        self._logger = logger

    async def open(self, target: TemporalTarget, credentials: Credentials) -> Opened:
        """Connect, and learn what the rest of the operator has to know of the server."""
        client = await self.connect(target, credentials)
        version = await self._version(client, target)
        await self.attempt(client, target)
        try:
            state_attribute = await register_state_attribute(client, self._logger)
        except TemporalUnavailableError as error:
            raise self._waiting(
                Reason.TEMPORAL_UNREACHABLE, f"Temporal at {target.address}: {error}"
            ) from error
        namespace = await describe_namespace(client, self._logger)
        return Opened(client, version, namespace, state_attribute)

    async def connect(self, target: TemporalTarget, credentials: Credentials) -> Client:
        """Connect with what the Secrets hold, and with nothing of the operator's own."""
        tls = target.tls and TLSConfig(
            server_root_ca_cert=credentials.ca,
            domain=target.tls.server_name,
            client_cert=credentials.certificate,
            client_private_key=credentials.private_key,
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await Client.connect(
                    target.address,
                    namespace=target.namespace,
                    api_key=credentials.api_key,
                    # Said either way: an API key alone would turn it on.
                    tls=tls or False,
                    data_converter=self._converter,
                    identity="operator",
                    runtime=self._runtime,
                )
        except TimeoutError as error:
            message = f"Temporal at {target.address} does not answer within {CONNECT_SECONDS:.0f} s"
            raise self._waiting(Reason.TEMPORAL_UNREACHABLE, f"{message}: check spec.address") from error
        except (RuntimeError, ValueError) as error:
            raise self._waiting(*refused_connection(str(error), target)) from error

    async def attempt(
        self, client: Client, target: TemporalTarget, *, patience: timedelta = RPC_TIMEOUT
    ) -> None:
        """Ask the server for something that takes being let into the namespace."""
        request = DescribeTaskQueueRequest(
            namespace=target.namespace,
            task_queue=TaskQueue(name=self._queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
        try:
            await client.workflow_service.describe_task_queue(request, timeout=patience)
        except RPCError as error:
            raise self._waiting(*refused_request(error, target)) from error

    async def _version(self, client: Client, target: TemporalTarget) -> str:
        try:
            info = await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=RPC_TIMEOUT)
            require_worker_deployments(info.server_version)
        except RPCError as error:
            raise self._waiting(*refused_request(error, target)) from error
        except UnsupportedServerError as error:
            message = f"Temporal at {target.address}: {error}: upgrade it"
            raise self._waiting(Reason.TEMPORAL_TOO_OLD, message) from error
        return info.server_version

    def _waiting(self, reason: Reason, message: str) -> Waiting:
        return Waiting(reason, message, after=self._retry_interval)
