"""The objects as they were last seen, so that a reconcile needs no reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from agents_crds.v1alpha1 import Agent, AgentRun, ModelProvider, StoredObject, WorkerPool


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


class Cache(Generic[M]):
    """The last seen state of every object of one kind."""

    def __init__(self) -> None:
        self._objects: dict[Key, M] = {}

    def see(self, stored: M) -> bool:
        """Remember an object; False when this state, or a later one, was seen already.

        Our own writes are seen before the watch brings them, so events can be late. Resource versions of one
        kind are ordered (KEP-5504).
        """
        key = Key.of(stored)
        known = self._objects.get(key)
        if known is not None and _version(known) >= _version(stored):
            return False
        self._objects[key] = stored
        return True

    def forget(self, key: Key) -> M | None:
        """Drop an object and return what was known of it."""
        return self._objects.pop(key, None)

    def get(self, key: Key) -> M | None:
        """Return the object, or None when it was never seen or is gone."""
        return self._objects.get(key)

    def named(self, namespace: str, name: str) -> M | None:
        """Return the object of that name, the newest if one is being replaced by another."""
        found = [
            stored for key, stored in self._objects.items() if (key.namespace, key.name) == (namespace, name)
        ]
        return max(found, key=_version, default=None)

    def within(self, namespace: str) -> Iterator[M]:
        """Iterate over the objects of a namespace."""
        return (stored for key, stored in list(self._objects.items()) if key.namespace == namespace)

    def __iter__(self) -> Iterator[M]:
        return iter(list(self._objects.values()))

    def __len__(self) -> int:
        return len(self._objects)


class World:
    """Everything that the operator watches. Of the AgentRuns, those that are not finished."""

    def __init__(self) -> None:
        self.agents = Cache[Agent]()
        self.runs = Cache[AgentRun]()
        self.providers = Cache[ModelProvider]()
        self.pools = Cache[WorkerPool]()


def _version(stored: StoredObject) -> int:
    return int(stored.metadata.resource_version or 0)
