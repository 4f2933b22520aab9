"""What Temporal tells of a namespace: which one it is, and how long it keeps a workflow that has ended."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from agents_operator.temporal.connection import RPC_TIMEOUT


@dataclass(frozen=True)
class TemporalNamespace:
    """A namespace of Temporal, as its server describes it."""

    id: str = ""
    """The same by whichever address one gets there; empty where it is not to be known."""
    retention: timedelta | None = None


async def describe_namespace(client: Client, logger: logging.Logger) -> TemporalNamespace:
    """Read what there is to know of the client's namespace; nothing, and a warning, where it is not told."""
    try:
        described = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), retry=True, timeout=RPC_TIMEOUT
        )
    except RPCError as error:
        # A key may be good for everything but this.
        logger.warning(
            "AgentRuns will not say until when their results can be had: Temporal does not tell the "
            "retention of namespace %s: %s",
            client.namespace,
            error.message,
        )
        return TemporalNamespace()
    retention = described.config.workflow_execution_retention_ttl.ToTimedelta() or None
    return TemporalNamespace(described.namespace_info.id, retention)
