"""The one place where statuses are written, and where a reconcile that ended early leaves its traces."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, Literal

from agents_crds.v1alpha1 import Condition, ConditionType, Reason, Status, StoredObject
from agents_operator.engine.conditions import condition, cut, find, with_conditions
from agents_operator.engine.queue import jittered
from agents_operator.engine.world import Cache, Key
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import ConflictError, GoneError
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import M, Resource
from agents_operator.temporal.errors import TemporalUnreachableError

AFTER_CONFLICT = timedelta(seconds=0.2)
AFTER_OUTAGE = timedelta(seconds=5)
AFTER_STALL = timedelta(minutes=5)

Written = Callable[[StoredObject, StoredObject], None]
"""Hears of each write of a status: of the object as it was, and as it is stored now."""


class Settle(Generic[M]):
    """Settles the reconciles of one kind.

    `summary` is the condition that speaks for the object as a whole; it is `undone` while the object waits.
    """

    def __init__(
        self,
        resource: Resource[M],
        cache: Cache[M],
        api: KubernetesApi,
        events: Events,
        *,
        now: Callable[[], datetime],
        summary: ConditionType = ConditionType.READY,
        undone: Literal["False", "Unknown"] = "False",
        written: Written = lambda *_: None,
    ) -> None:
        self._resource = resource
        self._cache = cache
        self._api = api
        self._events = events
        self._now = now
        self._summary = summary
        self._undone = undone
        self._written = written

    async def run(self, key: Key, sync: Callable[[M], Awaitable[timedelta | None]]) -> timedelta | None:
        """Reconcile an object by `sync` and return when to look again; unknown errors propagate."""
        stored = self._cache.get(key)
        if stored is None:
            return None
        try:
            return await self._attempt(stored, sync)
        except ConflictError:
            return AFTER_CONFLICT if await self._catch_up(stored) else None
        except GoneError:
            if await self._catch_up(stored):
                # Something else is missing.
                raise
            return None

    async def _attempt(self, stored: M, sync: Callable[[M], Awaitable[timedelta | None]]) -> timedelta | None:
        try:
            return await sync(stored)
        except TemporalUnreachableError as error:
            early: Waiting | Stalled = Waiting(
                Reason.TEMPORAL_UNREACHABLE,
                str(error),
                after=AFTER_OUTAGE,
                condition=self._summary,
                # Nothing is wrong with the object, and an event for each would be a flood.
                expected=True,
            )
        except (Waiting, Stalled) as reason:
            early = reason
        return await self._end_early(self._cache.get(Key.of(stored)) or stored, early)

    async def write(self, stored: M, status: Status) -> M:
        """Write a status if it differs, and remember what is stored now."""
        if status == stored.status:
            return stored
        fresh = await self._api.write_status(self._resource, stored, status)
        self._written(stored, fresh)
        self._cache.see(fresh)
        return fresh

    async def _end_early(self, stored: M, early: Waiting | Stalled) -> timedelta:
        status = early_status(stored, early, summary=self._summary, undone=self._undone, now=self._now())
        known = find(stored.status.conditions, early.condition)
        await self.write(stored, status)
        if is_news(known, early):
            await self._events.post(
                self._resource, stored, "Warning", early.reason, early.message, action="Reconcile"
            )
        return pause_after(early)

    async def _catch_up(self, stored: M) -> bool:
        """Read an object anew, for the watch may be late; tell whether it is still there."""
        metadata = stored.metadata
        fresh = await self._api.get(self._resource, metadata.namespace, metadata.name)
        if fresh is None or fresh.metadata.uid != metadata.uid:
            self._cache.forget(Key.of(stored))
            return False
        self._cache.see(fresh)
        return True


def pause_after(early: Waiting | Stalled) -> timedelta:
    """Return when to look again after such an end."""
    return jittered(early.after if isinstance(early, Waiting) else AFTER_STALL)


def early_status(
    stored: M,
    early: Waiting | Stalled,
    *,
    summary: ConditionType,
    undone: Literal["False", "Unknown"],
    now: datetime,
) -> Status:
    """Say in the conditions why the reconcile ended early."""
    generation = stored.metadata.generation
    # They know better, such as that an older build still serves.
    reached = {each.type for each in early.reached}
    types = (type_ for type_ in dict.fromkeys((early.condition, summary)) if type_.value not in reached)
    return stored.status.model_copy(
        update={
            "observed_generation": generation,
            "conditions": with_conditions(
                stored.status.conditions,
                *(
                    condition(
                        type_,
                        undone if type_ is summary else "False",
                        early.reason,
                        early.message,
                        generation=generation,
                        now=now,
                    )
                    for type_ in types
                ),
                *early.reached,
            ),
        }
    )


def is_news(known: Condition | None, early: Waiting | Stalled) -> bool:
    """Tell whether an event is due: something is wrong that was not known to be."""
    if isinstance(early, Waiting) and early.expected:
        return False
    return known is None or (known.reason, known.message) != (early.reason.value, cut(early.message))
