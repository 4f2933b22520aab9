"""Keeps the operator in the Temporals of all TemporalConnections, whichever replica it is."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from agents_crds.v1alpha1 import Reason, TemporalConnection
from agents_operator.connections.credentials import Credentials, observe_credentials
from agents_operator.connections.opening import Opened, Opening
from agents_operator.engine.outages import OUTAGES
from agents_operator.engine.queue import WorkQueue, jittered
from agents_operator.engine.wake import asks_for_work
from agents_operator.engine.world import Cache, Key, Listener
from agents_operator.errors import Waiting
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.pools.temporal_target import PayloadTarget, TemporalTarget, connection_target
from agents_operator.temporal.places import Place
from agents_operator.temporal.servers import TemporalServer, TemporalServers

# A server that hangs holds a task up for 10 s and more.
CONCURRENCY = 16
OF_NAMESPACE = 2
LONGEST_CLOSE = 10.0
# A server that is busy answers late, and yet does what it is asked.
PATIENCE = timedelta(seconds=15)


@dataclass(frozen=True)
class Seen:
    """What was found out about a TemporalConnection of this generation."""

    generation: int
    version: str
    """Of the server; empty where there is none."""
    refused: Waiting | None
    """Why the operator does not get in with what there is now."""


@dataclass(frozen=True)
class _Held:
    """A server that the operator is in, and the worker that answers its runs."""

    target: TemporalTarget
    credentials: Credentials
    version: str
    server: TemporalServer
    serving: asyncio.Task[None]

    @property
    def serves(self) -> bool:
        """Whether the worker goes on."""
        return not self.serving.done()


class Connections(Listener):
    """Connects to what TemporalConnections lead to, looks after it, and lets go of it."""

    def __init__(
        self,
        connections: Cache[TemporalConnection],
        servers: TemporalServers,
        secrets: Secrets,
        opening: Opening,
        *,
        fenced: Callable[[Client], Client],
        reports: Callable[[TemporalServer], Worker],
        installation: str,
        interval: timedelta,
        retry_interval: timedelta,
        logger: logging.Logger,
    ) -> None:
        """Keep all of them in `servers`.

        `fenced` makes the client for what only the leader does; `reports` the worker that answers a server's
        runs, which every replica has.
        """
        self._connections = connections
        self._servers = servers
        self._secrets = secrets
        self._opening = opening
        self._fenced = fenced
        self._reports = reports
        self._installation = installation
        self._interval = interval
        self._retry_interval = retry_interval
        self._logger = logger
        self._held: dict[Key, _Held] = {}
        self._seen: dict[Key, Seen] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._changed: Callable[[Key], None] = lambda _: None
        self.queue = WorkQueue[Key](
            "temporalconnection",
            self.look_after,
            concurrency=CONCURRENCY,
            logger=logger,
            lane_of=lambda key: key.namespace,
            width=OF_NAMESPACE,
        )

    def temporal_connection_changed(
        self, old: TemporalConnection | None, new: TemporalConnection | None
    ) -> None:
        """Look after one that came, changed or went."""
        connection = new or old
        if connection is not None and (new is None or asks_for_work(old, new)):
            self.queue.add(Key.of(connection))

    def tell(self, changed: Callable[[Key], None]) -> None:
        """Have whoever leads told what is found out from now on."""
        self._changed = changed

    def seen(self, key: Key) -> Seen | None:
        """Return what was last found out; None before the first look."""
        return self._seen.get(key)

    async def run(self) -> None:
        """Do so until cancelled; then the workers end what they are at."""
        try:
            await self.queue.run()
        finally:
            for key in tuple(self._held):
                self._let_go(key)
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def look_after(self, key: Key) -> timedelta | None:
        """Get into one server, or see whether that still holds; return when to look again."""
        connection = self._connections.get(key)
        if connection is None:
            self._forget(key)
            return None
        target = connection_target(connection, PayloadTarget())
        try:
            await self._get_in(connection, target)
        except Waiting as refused:
            await self._without(connection, target, refused)
            return jittered(self._retry_interval)
        except OUTAGES as error:
            # The API server does not tell: what there is goes on.
            self._logger.warning("temporalconnection %s: its Secrets cannot be read: %s", key, error)
            return self._retry_interval
        held = self._held[key]
        self._servers.connected(held.server)
        self._note(key, Seen(connection.metadata.generation, held.version, None))
        return jittered(self._interval)

    async def _get_in(self, connection: TemporalConnection, target: TemporalTarget) -> None:
        """Hold a server that was got into with the Secrets of now; raise Waiting where that cannot be."""
        key = Key.of(connection)
        credentials = await observe_credentials(
            self._secrets, key.namespace, target, retry_interval=self._retry_interval
        )
        held = self._held.get(key)
        if held is not None and held.serves and (held.target, held.credentials) == (target, credentials):
            await self._look_at(held, target)
            return
        opened = await self._opening.open(target, credentials)
        self._let_go(key)
        self._held[key] = self._hold(connection, target, credentials, opened)

    async def _look_at(self, held: _Held, target: TemporalTarget) -> None:
        """See whether a server lets the operator in still; a single late answer says nothing."""
        try:
            await self._opening.attempt(held.server.client, target)
        except Waiting as refused:
            if refused.reason is not Reason.TEMPORAL_UNREACHABLE:
                raise
            await self._opening.attempt(held.server.client, target, patience=PATIENCE)

    async def _without(
        self, connection: TemporalConnection, target: TemporalTarget, refused: Waiting
    ) -> None:
        """Note a refusal; what was got into with Secrets of before goes on for as long as that works."""
        key = Key.of(connection)
        held = self._held.get(key)
        if held is not None and not (held.serves and held.target == target):
            self._let_go(key)
        if held is None or not await self._still_works(held, target):
            self._servers.unconnected(place_of(key), refused.message)
        self._note(key, Seen(connection.metadata.generation, "", refused))

    async def _still_works(self, held: _Held, target: TemporalTarget) -> bool:
        if not held.serves or held.target != target:
            return False
        try:
            await self._look_at(held, target)
        except Waiting:
            return False
        return True

    def _hold(
        self,
        connection: TemporalConnection,
        target: TemporalTarget,
        credentials: Credentials,
        opened: Opened,
    ) -> _Held:
        key = Key.of(connection)
        server = TemporalServer.of(
            self._fenced(opened.client),
            self._installation,
            connection_target(connection, self._servers.own.target.payloads),
            retention=opened.namespace.retention,
            state_attribute=opened.state_attribute,
            place=place_of(key),
            namespace_id=opened.namespace.id,
        )
        self._logger.info(
            "temporalconnection %s: connected to Temporal %s at %s", key, opened.version, target.address
        )
        serving = asyncio.create_task(self._serve(key, server), name=f"reports of {key}")
        return _Held(target, credentials, opened.version, server, serving)

    async def _serve(self, key: Key, server: TemporalServer) -> None:
        """Answer what runs in a server tell, until cancelled; a server that forbids it ends nobody else."""
        try:
            await self._reports(server).run()
        except Exception as error:  # noqa: BLE001 -- whatever the server answers, the others go on
            self._logger.warning("temporalconnection %s: its runs cannot report: %s", key, error)
            self.queue.add_after(key, self._retry_interval)

    def _forget(self, key: Key) -> None:
        self._let_go(key)
        self._seen.pop(key, None)
        # Another of the same name may have come meanwhile.
        if self._connections.named(key.namespace, key.name) is None:
            self._servers.forget(place_of(key))
            self._changed(key)

    def _let_go(self, key: Key) -> None:
        """Have the worker end in the background: its server may not answer."""
        held = self._held.pop(key, None)
        if held is None:
            return
        held.serving.cancel()
        closing = asyncio.create_task(_ended(held.serving))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def _note(self, key: Key, seen: Seen) -> None:
        before = self._seen.get(key)
        self._seen[key] = seen
        if before is None or _told(before) != _told(seen):
            self._changed(key)


def place_of(key: Key) -> Place:
    """Where a TemporalConnection leads."""
    return Place(key.namespace, key.name)


def _told(seen: Seen) -> object:
    """What others see of it."""
    return seen.generation, seen.version, seen.refused and (seen.refused.reason, seen.refused.message)


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait({task}, timeout=LONGEST_CLOSE)
