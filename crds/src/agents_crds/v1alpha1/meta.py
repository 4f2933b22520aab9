"""Object metadata and conditions, as far as this API reads and writes them."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.conditions import ConditionType, Reason
from agents_crds.v1alpha1.fields import ObjectName, Time, WholeNumber
from agents_crds.v1alpha1.text import ListMap
from agents_crds.v1alpha1.whole import Whole

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
GROUP = "durable-agents.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"


class Annotations(ApiModel):
    """The annotations that the operator reads; others may be long, and are not kept."""

    traceparent: str = ""
    """The trace that a run belongs to, as W3C Trace Context writes it."""


class ObjectMeta(ApiModel):
    """The metadata that the operator reads."""

    name: ObjectName
    """Name within the namespace."""

    namespace: str = ""
    """Namespace of the object."""

    uid: str = ""
    """Identity of this very object: another object of the same name has another one."""

    resource_version: str = ""
    """Version of the stored object, to detect that somebody else wrote it."""

    generation: int = 0
    """Counts the changes of the spec."""

    creation_timestamp: Time | None = None
    """When the object was created."""

    deletion_timestamp: Time | None = None
    """When its deletion was asked for; set only while finalizers hold it."""

    finalizers: tuple[str, ...] = ()
    """Who has to act before the object may go."""

    annotations: Annotations = Annotations()
    """What others noted on it."""


class Condition(ApiModel):
    """One observation about an object, in the shape of metav1.Condition."""

    type: Annotated[str, Field(min_length=1, max_length=316)]
    """What is observed."""

    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""

    reason: Annotated[
        str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$")
    ]
    """Why, in one CamelCase word."""

    message: Annotated[str, Field(max_length=32768)]
    """Why, in a sentence for people."""

    observed_generation: Annotated[int, Whole(ge=0)] | None = None
    """Generation of the spec that was observed."""

    last_transition_time: Time
    """When the status of this condition last changed."""


Conditions = Annotated[tuple[Condition, ...], Field(max_length=16), ListMap("type")]


class Status(ApiModel):
    """What every status says."""

    observed_generation: WholeNumber | None = None
    """Generation of the spec that this status speaks of."""

    conditions: Conditions = ()
    """What was observed, one condition a type."""


class StoredObject(ApiModel):
    """What every object has, whatever its kind."""

    metadata: ObjectMeta
    """Standard object metadata."""

    status: Status = Status()
    """What the operator observed."""


NAME_LIMIT = Rule(
    cel="self.metadata.name.size() <= 63",
    message="metadata.name must be no more than 63 characters",
    holds=lambda stored: len(stored.metadata.name) <= 63,
)
"""Keeps a name usable as a label value."""


def pending(*types: ConditionType) -> tuple[Condition, ...]:
    """Say, as the API server's default, that nobody has looked at an object yet.

    An operator that is down is then told apart from one that is slow.
    """
    return tuple(
        Condition(
            type=type_.value,
            status="Unknown",
            reason=Reason.PENDING.value,
            message="the operator has not looked at it yet; if it stays so, the operator does not run",
            last_transition_time=NEVER,
        )
        for type_ in types
    )
