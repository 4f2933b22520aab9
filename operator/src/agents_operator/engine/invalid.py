"""Objects that were stored under another release's schema and no longer parse."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from agents_crds.v1alpha1 import ConditionType, Reason, Status, StoredObject
from agents_operator.engine.conditions import condition, cut, find, with_conditions
from agents_operator.engine.outages import OUTAGES
from agents_operator.engine.world import Key
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import ConflictError, GoneError
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENT_RUNS, M, Resource


@dataclass(frozen=True)
class _Refusal:
    resource: Resource[StoredObject]
    stored: StoredObject
    message: str


class Invalid:
    """Tells the owner of an object what is wrong with it, and leaves it at that."""

    def __init__(
        self,
        api: KubernetesApi,
        events: Events,
        *,
        leads: Callable[[], bool],
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        """A replica that does not lead only remembers what there is to tell."""
        self._leads = leads
        self._untold: dict[Key, _Refusal] = {}
        self._api = api
        self._events = events
        self._now = now
        self._logger = logger

    async def refuse(self, resource: Resource[M], body: Mapping[str, object], error: ValidationError) -> None:
        """Write a condition and an event that name the fields."""
        stored = StoredObject.model_validate(body)
        refusal = _Refusal(
            Resource(StoredObject, resource.plural, resource.kind),
            stored,
            cut(going(stored) + describe(error)),
        )
        if self._leads():
            await self._tell(refusal)
        else:
            self._untold[Key.of(stored)] = refusal

    def forget(self, key: Key) -> None:
        """Have nothing to tell of an object: it can be read now, or is gone."""
        self._untold.pop(key, None)

    async def tell(self) -> None:
        """Do what was left while another replica led."""
        while self._untold:
            key = next(iter(self._untold))
            try:
                await self._tell(self._untold.pop(key))
            except OUTAGES as error:
                self._logger.warning("%s: not told that it cannot be read: %s", key, error)

    async def _tell(self, refusal: _Refusal) -> None:
        resource, stored, message = refusal.resource, refusal.stored, refusal.message
        self._logger.error("%s %s: %s", resource.kind, Key.of(stored), message)
        type_ = ConditionType.SUCCEEDED if resource.plural == AGENT_RUNS.plural else ConditionType.READY
        known = find(stored.status.conditions, type_)
        if known is not None and known.message == message:
            return
        refused = condition(
            type_,
            "False",
            Reason.INVALID_OBJECT,
            message,
            generation=stored.metadata.generation,
            now=self._now(),
        )
        status = Status(conditions=with_conditions(stored.status.conditions, refused))
        try:
            await self._api.merge_status(resource, stored, status)
        except (ConflictError, GoneError):
            # The next event brings the newer state.
            return
        await self._events.post(resource, stored, "Warning", Reason.INVALID_OBJECT, message, action="Parse")


def going(stored: StoredObject) -> str:
    """Say what holds an object that is being deleted, which nobody may want to correct any more."""
    if stored.metadata.deletion_timestamp is None:
        return ""
    return (
        "it cannot be read, so nothing outside the cluster is removed and it stays: correct it, or take "
        f"{', '.join(stored.metadata.finalizers)} out of metadata.finalizers; "
    )


def describe(error: ValidationError) -> str:
    """Name each field that does not fit, and why."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors()
    )
