"""What becomes of a TemporalConnection whose server answers late, or not any more."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.client import Client
from temporalio.worker import Worker

from agents_crds.contract.conversion import PLAIN
from agents_crds.v1alpha1 import Reason
from agents_operator.connections.credentials import Credentials
from agents_operator.connections.keep import Connections
from agents_operator.connections.opening import Opened, Opening
from agents_operator.engine.world import Key, World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.temporal.connection import RPC_TIMEOUT
from agents_operator.temporal.retention import TemporalNamespace
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from tests.unit.operator.kubernetes.scripted import ScriptedServer
from tests.unit.operator.objects import temporal_connection

LOGGER = logging.getLogger("test")
RETRY = timedelta(seconds=10)
STORED = temporal_connection("eu")
KEY = Key.of(STORED)


class Door(Opening):
    """A server that lets everybody in, and then answers as it is told."""

    def __init__(self, client: Client) -> None:
        super().__init__(PLAIN, "inst", retry_interval=RETRY, logger=LOGGER)
        self._client = client
        self.refusals: list[Reason] = []
        """Of the next looks, one each."""

    async def open(self, target: TemporalTarget, credentials: Credentials) -> Opened:
        assert (target.address, credentials) == (STORED.spec.address, Credentials())
        return Opened(self._client, "1.29.0", TemporalNamespace(), state_attribute=True)

    async def attempt(
        self, client: Client, target: TemporalTarget, *, patience: timedelta = RPC_TIMEOUT
    ) -> None:
        assert (client.namespace, target.namespace) == (self._client.namespace, STORED.spec.namespace)
        assert patience >= RPC_TIMEOUT
        if self.refusals:
            raise self._waiting(self.refusals.pop(0), "it does not answer")


class Ears(Worker):
    """Hears nothing."""

    def __init__(self) -> None:
        """Need no server."""

    async def run(self) -> None:
        await asyncio.Event().wait()


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Connections, TemporalServers, Door]]:
    """Get in once."""
    client = await Client.connect("127.0.0.1:1", lazy=True)
    world, door = World(), Door(client)
    world.temporal_connections.see(STORED)
    own = TemporalServer.of(
        client, "inst", TemporalTarget("own:7233", "agents"), retention=None, state_attribute=True
    )
    servers = TemporalServers(own, world.temporal_connections)
    async with ScriptedServer() as api:
        connections = Connections(
            world.temporal_connections,
            servers,
            Secrets(api.api),
            door,
            fenced=lambda each: each,
            reports=lambda _: Ears(),
            installation="inst",
            interval=timedelta(seconds=30),
            retry_interval=RETRY,
            logger=LOGGER,
        )
        await connections.look_after(KEY)
        serving = asyncio.create_task(connections.run())
        try:
            yield connections, servers, door
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def test_one_late_answer_is_no_news() -> None:
    async with connected() as (connections, servers, door):
        door.refusals = [Reason.TEMPORAL_UNREACHABLE]
        await connections.look_after(KEY)
        seen = connections.seen(KEY)
        assert seen is not None
        assert (seen.version, seen.refused) == ("1.29.0", None)
        assert servers.of(KEY.namespace, "eu").place.connection == "eu"


@pytest.mark.parametrize(
    ("reason", "times"), [(Reason.TEMPORAL_UNREACHABLE, 4), (Reason.TEMPORAL_UNAUTHORIZED, 2)]
)
async def test_server_that_goes_on_to_refuse_is_let_go_until_it_answers(reason: Reason, times: int) -> None:
    async with connected() as (connections, servers, door):
        door.refusals = [reason] * times
        await connections.look_after(KEY)
        seen = connections.seen(KEY)
        assert seen is not None
        assert seen.refused is not None
        assert seen.refused.reason is reason
        with pytest.raises(Waiting, match="is not Ready: it does not answer"):
            servers.of(KEY.namespace, "eu")
        await connections.look_after(KEY)
        assert servers.of(KEY.namespace, "eu").place.connection == "eu"
