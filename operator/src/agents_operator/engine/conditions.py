"""Pure changes of a list of conditions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from agents_crds.v1alpha1 import Condition, ConditionType, Reason
from agents_crds.v1alpha1.fields import utc
from agents_crds.v1alpha1.meta import NEVER
from agents_operator.shown import shown
from agents_operator.stored import start_of

Status = Literal["True", "False", "Unknown"]
MESSAGE_LIMIT = 1024
MESSAGE_BYTES = 2048


def condition(
    type_: ConditionType, status: Status, reason: Reason, message: str, *, generation: int, now: datetime
) -> Condition:
    """Make a condition; its message is cut at 1024 characters and at 2048 bytes."""
    return Condition(
        type=type_.value,
        status=status,
        reason=reason.value,
        message=cut(message),
        observed_generation=generation,
        last_transition_time=utc(now),
    )


def cut(message: str) -> str:
    """Return a message as a condition holds it."""
    message = shown(message)
    start = start_of(message[:MESSAGE_LIMIT], MESSAGE_BYTES)
    return message if start == message else start_of(start[:-1], MESSAGE_BYTES - len("…".encode())) + "…"


def with_conditions(known: Iterable[Condition], *new: Condition) -> tuple[Condition, ...]:
    """Replace the conditions of the same types; a transition time moves only with the status."""
    merged = {old.type: old for old in known}
    for fresh in new:
        old = merged.get(fresh.type)
        if old is not None and old.status == fresh.status and old.last_transition_time > NEVER:
            merged[fresh.type] = fresh.model_copy(update={"last_transition_time": old.last_transition_time})
        else:
            merged[fresh.type] = fresh
    return tuple(merged.values())


def find(conditions: Iterable[Condition], type_: ConditionType) -> Condition | None:
    """Return the condition of that type."""
    return next((found for found in conditions if found.type == type_.value), None)


def is_true(conditions: Iterable[Condition], type_: ConditionType) -> bool:
    """Tell whether the condition of that type is there and True."""
    found = find(conditions, type_)
    return found is not None and found.status == "True"
