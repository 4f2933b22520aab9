"""The objects as they were last seen, so that a reconcile needs no reads."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from agents_crds.v1alpha1 import (
    Agent,
    AgentRun,
    MCPServer,
    ModelProvider,
    StoredObject,
    TemporalConnection,
    WorkerPool,
)

# What is written while an object goes is answered within seconds: so many do not go in that time.
REMEMBERED_ENDS = 10_000


@dataclass(frozen=True)
class Key:
    """One very object: a recreated one of the same name has another key."""

    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, stored: StoredObject) -> "Key":
        """Key of an object."""
        return cls(stored.metadata.namespace, stored.metadata.name, stored.metadata.uid)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


M = TypeVar("M", bound=StoredObject)


@dataclass(frozen=True)
class _End:
    """The resource version by which an object went, and whether that was a write and no deletion."""

    version: int
    written: bool = False


class Cache(Generic[M]):
    """The last seen state of every object of one kind; `changed` hears of each step from old to new."""

    def __init__(self, changed: Callable[[M | None, M | None], None]) -> None:
        self._changed = changed
        self._objects: dict[str, M] = {}
        self._uids: dict[tuple[str, str], str] = {}
        self._ends: OrderedDict[str, _End] = OrderedDict()

    def see(self, stored: M) -> None:
        """Remember an object, unless this state of it, a later one or its end was seen already.

        Our own writes are mostly seen before the watch brings them, so events can be late, and so can the
        answer to a write. Resource versions of one kind are ordered (KEP-5504).
        """
        metadata, version = stored.metadata, _version(stored)
        known = self._objects.get(metadata.uid)
        if known is not None and _version(known) >= version:
            return
        end = self._ends.pop(metadata.uid, None)
        if end is not None and end.version >= version:
            self._ends[metadata.uid] = _End(end.version, written=end.written or end.version == version)
            return
        self._objects[metadata.uid] = stored
        namesake = self.named(metadata.namespace, metadata.name)
        if namesake is None or _version(namesake) <= version:
            self._uids[metadata.namespace, metadata.name] = metadata.uid
        self._changed(known, stored)

    def forget(self, key: Key, *, version: str = "") -> None:
        """Drop an object that is gone, or has left the selection, by the resource version `version`."""
        known = self._objects.pop(key.uid, None)
        before = self._ends.get(key.uid, _End(0))
        gone, seen = int(version or 0), 0 if known is None else _version(known)
        # Only a write of ours can have shown an object in the version by which it leaves.
        self._ends[key.uid] = _End(
            max(gone, seen, before.version), written=before.written or (known is not None and gone == seen)
        )
        if len(self._ends) > REMEMBERED_ENDS:
            self._ends.popitem(last=False)
        if known is None:
            return
        if self._uids.get((key.namespace, key.name)) == key.uid:
            del self._uids[key.namespace, key.name]
        self._changed(known, None)

    def get(self, key: Key) -> M | None:
        """Return the object, or None when it was never seen or is gone."""
        return self._objects.get(key.uid)

    def has_left(self, key: Key) -> bool:
        """Tell whether an object that was forgotten is known to be there, outside the selection.

        It is when it went by the very version that one of our own writes was answered with.
        """
        end = self._ends.get(key.uid)
        return end is not None and end.written

    def by_uid(self, uid: str) -> M | None:
        """Return the object of that identity."""
        return self._objects.get(uid)

    def named(self, namespace: str, name: str) -> M | None:
        """Return the object of that name, the last seen one if another took its place."""
        uid = self._uids.get((namespace, name))
        return None if uid is None else self._objects.get(uid)

    def within(self, namespace: str) -> Iterator[M]:
        """Iterate over the objects of a namespace."""
        return (stored for stored in self if stored.metadata.namespace == namespace)

    def __iter__(self) -> Iterator[M]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)


class Listener:
    """Hears of each change for which it has a method; None stands for an object that is not there."""

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """An Agent came, changed or went."""

    def run_changed(self, old: AgentRun | None, new: AgentRun | None) -> None:
        """An AgentRun came, changed or went."""

    def provider_changed(self, old: ModelProvider | None, new: ModelProvider | None) -> None:
        """A ModelProvider came, changed or went."""

    def pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        """A WorkerPool came, changed or went."""

    def mcp_server_changed(self, old: MCPServer | None, new: MCPServer | None) -> None:
        """An MCPServer came, changed or went."""

    def temporal_connection_changed(
        self, old: TemporalConnection | None, new: TemporalConnection | None
    ) -> None:
        """A TemporalConnection came, changed or went."""


class World:
    """Everything that the operator watches. Of the AgentRuns, those that are not finished."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.agents = Cache[Agent](self._agent_changed)
        self.runs = Cache[AgentRun](self._run_changed)
        self.providers = Cache[ModelProvider](self._provider_changed)
        self.pools = Cache[WorkerPool](self._pool_changed)
        self.mcp_servers = Cache[MCPServer](self._mcp_server_changed)
        self.temporal_connections = Cache[TemporalConnection](self._temporal_connection_changed)

    def listen(self, listener: Listener) -> None:
        """Tell a listener of all that is there, as if it came now, and of every change from then on.

        What others refer to comes first, as in a restart.
        """
        self._listeners.append(listener)
        for provider in self.providers:
            listener.provider_changed(None, provider)
        for connection in self.temporal_connections:
            listener.temporal_connection_changed(None, connection)
        for pool in self.pools:
            listener.pool_changed(None, pool)
        for server in self.mcp_servers:
            listener.mcp_server_changed(None, server)
        for agent in self.agents:
            listener.agent_changed(None, agent)
        for run in self.runs:
            listener.run_changed(None, run)

    def _agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        for listener in self._listeners:
            listener.agent_changed(old, new)

    def _run_changed(self, old: AgentRun | None, new: AgentRun | None) -> None:
        for listener in self._listeners:
            listener.run_changed(old, new)

    def _provider_changed(self, old: ModelProvider | None, new: ModelProvider | None) -> None:
        for listener in self._listeners:
            listener.provider_changed(old, new)

    def _pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        for listener in self._listeners:
            listener.pool_changed(old, new)

    def _mcp_server_changed(self, old: MCPServer | None, new: MCPServer | None) -> None:
        for listener in self._listeners:
            listener.mcp_server_changed(old, new)

    def _temporal_connection_changed(
        self, old: TemporalConnection | None, new: TemporalConnection | None
    ) -> None:
        for listener in self._listeners:
            listener.temporal_connection_changed(old, new)


def _version(stored: StoredObject) -> int:
    return int(stored.metadata.resource_version or 0)
