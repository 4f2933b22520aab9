"""The Temporals that runs are kept in: the operator's own, and those that TemporalConnections lead to."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from temporalio.client import Client

from agents_crds.v1alpha1 import AgentRun, ConditionType, Reason, TemporalConnection, WorkerPool
from agents_operator.engine.world import Cache
from agents_operator.errors import Waiting
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.temporal.builds import WorkerBuilds
from agents_operator.temporal.load import WorkLoads
from agents_operator.temporal.mcp import McpWorkflows
from agents_operator.temporal.places import OWN, Place, connection_of, titled
from agents_operator.temporal.workflows import Workflows

BEING_CONNECTED = "the operator is about to connect"
# Whoever waits is woken as soon as a connection works.
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class TemporalServer:
    """A Temporal that the operator is connected to."""

    client: Client
    workflows: Workflows
    builds: WorkerBuilds
    mcp: McpWorkflows
    loads: WorkLoads
    target: TemporalTarget
    """How workers get to it."""
    retention: timedelta | None
    """How long it keeps a workflow that has ended; None where it does not tell."""
    state_attribute: bool
    """Whether it knows the search attribute of runs that wait."""
    place: Place = OWN
    namespace_id: str = ""
    """Temporal's own of its namespace; empty where it does not tell."""

    @classmethod
    def of(
        cls,
        client: Client,
        installation: str,
        target: TemporalTarget,
        *,
        retention: timedelta | None,
        state_attribute: bool,
        place: Place = OWN,
        namespace_id: str = "",
    ) -> Self:
        """Put together what the operator asks of the server."""
        return cls(
            client,
            Workflows(client),
            WorkerBuilds(client),
            McpWorkflows(client, installation),
            WorkLoads(client, state_attribute=state_attribute),
            target,
            retention=retention,
            state_attribute=state_attribute,
            place=place,
            namespace_id=namespace_id,
        )


class TemporalServers:
    """Finds the server of a pool or of a run."""

    def __init__(self, own: TemporalServer, connections: Cache[TemporalConnection]) -> None:
        self.own = own
        self._connections = connections
        self._connected: dict[Place, TemporalServer] = {}
        self._unconnected: dict[Place, str] = {}
        """Why the operator does not get in."""

    def of(
        self, namespace: str, connection: str | None, *, condition: ConditionType = ConditionType.READY
    ) -> TemporalServer:
        """Return the server of a TemporalConnection, or the operator's own (None).

        Raises Waiting, which says by `condition` what that means, while there is none that works.
        """
        if connection is None:
            return self.own
        title = titled(connection)
        if self._connections.named(namespace, connection) is None:
            raise Waiting(
                Reason.TEMPORAL_CONNECTION_NOT_FOUND,
                f"there is no {title} in namespace {namespace}: create it",
                after=LOOK_AGAIN,
                condition=condition,
            )
        place = Place.of(namespace, connection)
        server = self._connected.get(place)
        if server is not None:
            return server
        why = self._unconnected.get(place, BEING_CONNECTED)
        raise Waiting(
            Reason.TEMPORAL_CONNECTION_NOT_READY,
            f"{title} is not Ready: {why}",
            after=LOOK_AGAIN,
            condition=condition,
            # Its own event says it, once.
            expected=True,
        )

    def of_pool(self, pool: WorkerPool, *, condition: ConditionType = ConditionType.READY) -> TemporalServer:
        """Return the server that a pool works in; raise Waiting as `of` does."""
        return self.of(pool.metadata.namespace, connection_of(pool), condition=condition)

    def of_run(self, run: AgentRun) -> TemporalServer:
        """Return the server that keeps the workflow of a run; raise Waiting as `of` does."""
        return self.of(
            run.metadata.namespace, run.status.temporal_connection, condition=ConditionType.SUCCEEDED
        )

    def all(self) -> tuple[TemporalServer, ...]:
        """Return those that work, the operator's own first."""
        return (self.own, *self._connected.values())

    def is_shared(self, server: TemporalServer) -> bool:
        """Tell whether another of them, by what both say, is the same namespace of the same Temporal."""
        ids = [each.namespace_id for each in self.all() if each.place != server.place]
        return bool(server.namespace_id) and server.namespace_id in ids

    def within(self, namespace: str) -> tuple[TemporalServer, ...]:
        """Return those that may have workflows of a namespace and that work, the operator's own first."""
        return tuple(server for server in self.all() if server.place.may_speak_of(namespace))

    async def may_be_open(self, namespace: str, workflow_id: str) -> bool:
        """Tell whether a workflow may go on in whichever server there is for a namespace.

        Raises TemporalUnreachableError.
        """
        for server in self.within(namespace):
            if await server.workflows.is_open(workflow_id):
                return True
        # What is in a server that does not answer is not known.
        return any(
            Place(namespace, connection.metadata.name) not in self._connected
            for connection in self._connections.within(namespace)
        )

    def connected(self, server: TemporalServer) -> None:
        """Let the TemporalConnection of a server have it."""
        self._unconnected.pop(server.place, None)
        self._connected[server.place] = server

    def unconnected(self, place: Place, why: str) -> None:
        """Let a TemporalConnection have no server for now."""
        self._connected.pop(place, None)
        self._unconnected[place] = why

    def forget(self, place: Place) -> None:
        """Let a TemporalConnection be gone."""
        self._connected.pop(place, None)
        self._unconnected.pop(place, None)
