"""Which Temporal something is kept in, and what may be heard from there; pure."""

from dataclasses import dataclass
from datetime import timedelta

from agents_crds.v1alpha1 import AgentRun, WorkerPool

# Several TemporalConnections may lead to the same Temporal, where the workers of all hear of everything: the
# next attempt comes to any of them.
ASK_ANOTHER = timedelta(seconds=1)


@dataclass(frozen=True)
class Place:
    """The Temporal that a TemporalConnection leads to, or the operator's own."""

    namespace: str | None = None
    """Namespace of the TemporalConnection, whose users the Temporal belongs to; None: the operator's own."""
    connection: str | None = None
    """Name of the TemporalConnection; None: the operator's own."""

    @classmethod
    def of(cls, namespace: str, connection: str | None) -> "Place":
        """Where an object of a namespace is kept that names a TemporalConnection, or none."""
        return OWN if connection is None else cls(namespace, connection)

    @property
    def title(self) -> str:
        """Name it to people of the namespace."""
        return titled(self.connection)

    def keeps(self, run: AgentRun) -> bool:
        """Tell whether the workflow of a run is kept here, as its status says."""
        return self == place_of_run(run)

    def serves(self, pool: WorkerPool) -> bool:
        """Tell whether a pool is to work here."""
        return self == Place.of(pool.metadata.namespace, connection_of(pool))

    def may_speak_of(self, namespace: str) -> bool:
        """Tell whether what happens here may have to do with a namespace.

        Whoever can start workflows in a Temporal can give them any id: those of a TemporalConnection's are
        heard only of the namespace that it is in.
        """
        return self.namespace is None or self.namespace == namespace


OWN = Place()


def place_of_run(run: AgentRun) -> Place:
    """Say where the workflow of a run is kept; as long as none was started elsewhere, in our own."""
    return Place.of(run.metadata.namespace, run.status.temporal_connection)


def connection_of(pool: WorkerPool) -> str | None:
    """Name the TemporalConnection of a pool; None: the operator's own Temporal."""
    ref = pool.spec.temporal_connection_ref
    return None if ref is None else ref.name


def titled(connection: str | None) -> str:
    """Name to people where runs are kept."""
    return "the operator's own Temporal" if connection is None else f"TemporalConnection {connection}"
