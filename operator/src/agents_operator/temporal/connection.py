"""How the operator gets to Temporal."""

import re
from datetime import timedelta

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfigProfile

from agents_operator.errors import UnsupportedServerError

RPC_TIMEOUT = timedelta(seconds=5)
# The first server on which Worker Deployments are on by default.
OLDEST_SERVER = (1, 28)


async def connect() -> Client:
    """Connect as the `TEMPORAL_*` variables say; raise RuntimeError when the server does not answer."""
    profile = ClientConfigProfile.load(disable_file=True)
    return await Client.connect(
        **profile.to_client_connect_config(), data_converter=pydantic_data_converter, identity="operator"
    )


async def require_worker_deployments(client: Client) -> None:
    """Raise UnsupportedServerError when the server is too old for Worker Deployments."""
    info = await client.workflow_service.get_system_info(GetSystemInfoRequest(), retry=True)
    version = re.match(r"(\d+)\.(\d+)", info.server_version)
    if version and (int(version[1]), int(version[2])) < OLDEST_SERVER:
        oldest = ".".join(map(str, OLDEST_SERVER))
        raise UnsupportedServerError(
            f"Temporal server {info.server_version} is too old: worker deployments need {oldest} or later"
        )
