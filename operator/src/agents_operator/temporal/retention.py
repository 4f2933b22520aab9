"""How long Temporal keeps a workflow that has ended."""

import logging
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from agents_operator.temporal.connection import RPC_TIMEOUT


async def retention_of(client: Client, logger: logging.Logger) -> timedelta | None:
    """Read the retention of the client's namespace; None, and a warning, where that is not to be known."""
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
        return None
    return described.config.workflow_execution_retention_ttl.ToTimedelta() or None
