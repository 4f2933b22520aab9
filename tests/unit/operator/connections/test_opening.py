"""What is said of a Temporal that does not let the operator in."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.api.workflowservice.v1 import GetSystemInfoResponse

from agents_crds.contract.conversion import PLAIN
from agents_crds.v1alpha1 import Reason
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.connections.credentials import Credentials
from agents_operator.connections.opening import Opening
from agents_operator.errors import Waiting
from agents_operator.pools.temporal_target import TemporalTarget
from tests.unit.operator.connections.refusing import answering

KEY = SecretKeyRef(name="temporal", key="api-key")
UNAUTHENTICATED, PERMISSION_DENIED = 16, 7


async def refused(address: str, *, key: SecretKeyRef | None = None) -> Waiting:
    opening = Opening(PLAIN, "inst", retry_interval=timedelta(seconds=10), logger=logging.getLogger("test"))
    with pytest.raises(Waiting) as waiting:
        await opening.open(
            TemporalTarget(address, "agents", api_key=key), Credentials(api_key="k" if key else None)
        )
    return waiting.value


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        yield "{}:{}".format(*server.sockets[0].getsockname())


@pytest.mark.parametrize("status", [UNAUTHENTICATED, PERMISSION_DENIED])
async def test_refused_api_key_is_named(status: int) -> None:
    async with answering(status=status, words="no such key") as address:
        found = await refused(address, key=KEY)
    assert found.reason is Reason.TEMPORAL_UNAUTHORIZED
    assert found.message == (
        f"Temporal at {address} does not let the operator in (no such key): put an API key for namespace "
        "agents into Secret temporal, key api-key"
    )


async def test_server_that_wants_a_key_is_said_to() -> None:
    async with answering(status=UNAUTHENTICATED, words="who are you") as address:
        found = await refused(address)
    assert found.reason is Reason.TEMPORAL_UNAUTHORIZED
    assert found.message.endswith(
        "name what it asks for in spec.apiKeySecretRef or spec.tls.clientCertificateSecretRef"
    )


async def test_server_without_worker_deployments_is_too_old() -> None:
    async with answering(GetSystemInfoResponse(server_version="1.27.2")) as address:
        found = await refused(address)
    assert found.reason is Reason.TEMPORAL_TOO_OLD
    assert found.message == (
        f"Temporal at {address}: Temporal server 1.27.2 is too old: worker deployments need 1.28 or later: "
        "upgrade it"
    )


async def test_server_that_does_not_answer_is_given_up() -> None:
    async with silent() as address:
        found = await refused(address)
    assert found.reason is Reason.TEMPORAL_UNREACHABLE
    assert found.message == f"Temporal at {address} does not answer within 10 s: check spec.address"


async def test_name_that_is_no_host_is_unreachable() -> None:
    found = await refused("nowhere.invalid:7233")
    assert found.reason is Reason.TEMPORAL_UNREACHABLE
    assert found.message.startswith("Temporal at nowhere.invalid:7233 cannot be reached (dns error")
