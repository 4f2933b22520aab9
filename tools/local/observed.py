"""The project's objects as a person waits for them: what they wait for, and how that stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

_AIMS = {"WorkerPool": "Ready", "MCPServer": "Ready", "Agent": "Ready", "AgentRun": "Succeeded"}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Name(NamedTuple):
    """Names one object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


class Metadata(_Frozen):
    """`name` is empty where only `generateName` is given."""

    name: str = ""
    namespace: str = "default"


class Condition(_Frozen):
    """One condition."""

    type: str
    status: str
    reason: str = ""
    message: str = ""

    def __str__(self) -> str:
        return f"{self.type}={self.status} {self.reason}: {self.message}".rstrip(": ")


class Output(_Frozen):
    """What a run answered."""

    text: str | None = None


class Status(_Frozen):
    """The part of a status that is the same for all kinds, and a run's output and way."""

    conditions: tuple[Condition, ...] = ()
    output: Output | None = None
    path: tuple[str, ...] = ()


class Object(_Frozen):
    """An object of any kind, in a manifest or as the API server shows it."""

    kind: str
    metadata: Metadata
    status: Status = Status()

    @property
    def name(self) -> Name:
        """Its name."""
        return Name(self.kind, self.metadata.namespace, self.metadata.name)


class ObjectList(_Frozen):
    """What `kubectl get --output=json` prints for several objects."""

    items: tuple[Object, ...]


@dataclass(frozen=True)
class Manifest:
    """An object to apply and the document it was read from."""

    name: Name
    document: object


def named_manifests(documents: Iterable[object]) -> list[Manifest]:
    """The manifests among YAML documents; one with `generateName` alone is for `kubectl create`."""
    read = [(Object.model_validate(document), document) for document in documents if document]
    return [Manifest(parsed.name, document) for parsed, document in read if parsed.metadata.name]


@dataclass(frozen=True)
class Waiting:
    """Not there yet."""

    why: str


@dataclass(frozen=True)
class Reached:
    """As it should be."""

    how: str


@dataclass(frozen=True)
class Failed:
    """It will not get there by itself."""

    why: str


Standing = Waiting | Reached | Failed


def is_awaited(name: Name) -> bool:
    """Whether objects of this kind become something."""
    return name.kind in _AIMS


def standing(name: Name, found: Object | None) -> Standing:
    """How an object stands; a run that has ended otherwise than well has failed, an Agent may still come."""
    if found is None:
        return Waiting("not there yet")
    aim = next((each for each in found.status.conditions if each.type == _AIMS[name.kind]), None)
    match aim:
        case None:
            return Waiting("not seen by the operator yet")
        case Condition(status="True"):
            return Reached(str(aim))
        case Condition(status="False") if name.kind == "AgentRun":
            return Failed(str(aim))
        case _:
            return Waiting(str(aim))
