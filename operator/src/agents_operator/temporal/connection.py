"""How the operator gets to Temporal."""

import re
from datetime import timedelta

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.service import RPCError

from agents_crds.contract.connection import TemporalAccess, TemporalUnavailableError
from agents_operator.errors import UnsupportedServerError

RPC_TIMEOUT = timedelta(seconds=5)
# The first server on which Worker Deployments are on by default.
OLDEST_SERVER = (1, 28)


async def connect(connection: TemporalAccess) -> Client:
    """Connect to a server with Worker Deployments.

    Raises TemporalUnavailableError when that is worth another try, UnsupportedServerError when it is not.
    """
    client = await connection.connect(identity="operator")
    try:
        info = await client.workflow_service.get_system_info(GetSystemInfoRequest(), timeout=RPC_TIMEOUT)
    except RPCError as error:
        raise TemporalUnavailableError(error.message) from error
    require_worker_deployments(info.server_version)
    return client


def require_worker_deployments(server_version: str) -> None:
    """Raise UnsupportedServerError when the server is too old for Worker Deployments."""
    version = re.match(r"(\d+)\.(\d+)", server_version)
    if version and (int(version[1]), int(version[2])) < OLDEST_SERVER:
        oldest = ".".join(map(str, OLDEST_SERVER))
        raise UnsupportedServerError(
            f"Temporal server {server_version} is too old: worker deployments need {oldest} or later"
        )
