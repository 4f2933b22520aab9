"""Says of each TemporalConnection whether the operator gets in."""

from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import ConditionType, Reason, TemporalConnection, TemporalConnectionStatus
from agents_operator.connections.keep import Seen
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key

VERSION_LIMIT = 64


class ConnectionReconciler:
    """Reconciles TemporalConnections: it writes what was found out, and finds nothing out itself."""

    def __init__(
        self,
        settle: Settle[TemporalConnection],
        seen: Callable[[Key], Seen | None],
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._settle = settle
        self._seen = seen
        self._now = now

    async def reconcile(self, key: Key) -> timedelta | None:
        """Write the status of one; the next look at its server asks for the next time."""
        return await self._settle.run(key, self._sync)

    async def _sync(self, connection: TemporalConnection) -> None:
        seen = self._seen(Key.of(connection))
        if seen is None or seen.generation != connection.metadata.generation:
            return
        if seen.refused is not None:
            raise seen.refused
        await self._settle.write(connection, connected_status(connection, seen.version, now=self._now()))


def connected_status(
    connection: TemporalConnection, version: str, *, now: datetime
) -> TemporalConnectionStatus:
    """Say that the operator is in."""
    generation, spec = connection.metadata.generation, connection.spec
    return TemporalConnectionStatus(
        observed_generation=generation,
        server_version=version[:VERSION_LIMIT] or None,
        conditions=with_conditions(
            connection.status.conditions,
            condition(
                ConditionType.READY,
                "True",
                Reason.AVAILABLE,
                f"Temporal {version} at {spec.address} lets the operator into namespace {spec.namespace}",
                generation=generation,
                now=now,
            ),
        ),
    )
