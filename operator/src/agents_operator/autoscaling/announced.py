"""Runs that were started or asked to end just now, as the watch tells, by their pools."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents_crds.v1alpha1 import AgentRun, ConditionType, Reason
from agents_operator.autoscaling.load import Announced
from agents_operator.engine.conditions import find
from agents_operator.engine.world import Key, Listener, World

COUNTED_AFTER = timedelta(seconds=10)
"""Temporal's visibility has a new workflow by then."""
FORGOTTEN_AFTER = timedelta(seconds=90)
"""Temporal drops the tasks of a workflow that has ended by then, without a worker."""
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Noted:
    """A run, by its Agent, and until when it counts."""

    namespace: str
    agent: str
    until: datetime


class Announcements(Listener):
    """Hears of every change of the world from when this replica leads."""

    def __init__(self, world: World, *, cancel_grace: timedelta, now: Callable[[], datetime]) -> None:
        """A workflow whose AgentRun is gone has `cancel_grace` to end."""
        self._world = world
        self._cancel_grace = cancel_grace
        self._now = now
        self._started: dict[str, _Noted] = {}
        self._to_end: dict[str, _Noted] = {}
        self._ended: dict[str, _Noted] = {}
        self._gone: dict[str, _Noted] = {}

    def of_pool(self, key: Key) -> Announced:
        """Count the runs of a pool."""
        return Announced(
            starting=self._count(key, self._started),
            ending=sum(self._count(key, noted) for noted in (self._to_end, self._ended, self._gone)),
        )

    def finished(self, key: Key) -> None:
        """Take back that a run is gone: it left the watch since another replica wrote its outcome."""
        self._gone.pop(key.uid, None)

    def __len__(self) -> int:
        return sum(map(len, (self._started, self._to_end, self._ended, self._gone)))

    def run_changed(self, old: AgentRun | None, new: AgentRun | None) -> None:
        """Note a run that was started, is to end, or is gone before it has ended."""
        run = new or old
        if run is None or run.status.workflow_id is None:
            return
        uid, finished = run.metadata.uid, run.status.finished is True
        was_to_end = self._to_end.pop(uid, None) is not None
        self._started.pop(uid, None)
        if new is None and not finished and (was_to_end or has_no_worker(run)):
            noted = self._ended if was_to_end else self._gone
            _note(noted, run, self._now() + self._cancel_grace + FORGOTTEN_AFTER)
        elif finished and was_to_end:
            _note(self._ended, run, self._now() + FORGOTTEN_AFTER)
        elif new is not None and not finished and _is_to_end(run):
            _note(self._to_end, run, FOREVER)
        elif new is not None and not finished and run.status.start_time is not None:
            _note(self._started, run, run.status.start_time + COUNTED_AFTER)
        self._forget()

    def _forget(self) -> None:
        """Forget what counts no more, as far as it was noted before all that does."""
        now = self._now()
        for noted in (self._started, self._ended, self._gone):
            while noted and (first := next(iter(noted))) and noted[first].until <= now:
                del noted[first]

    def _count(self, key: Key, noted: dict[str, _Noted]) -> int:
        now = self._now()
        return sum(each.until > now and self._is_of(key, each) for each in noted.values())

    def _is_of(self, key: Key, noted: _Noted) -> bool:
        if noted.namespace != key.namespace:
            return False
        agent = self._world.agents.named(noted.namespace, noted.agent)
        return agent is not None and agent.spec.worker_pool_ref.name == key.name


def _note(noted: dict[str, _Noted], run: AgentRun, until: datetime) -> None:
    """Note a run as the last one."""
    noted.pop(run.metadata.uid, None)
    noted[run.metadata.uid] = _Noted(run.metadata.namespace, run.spec.agent_ref.name, until)


def has_no_worker(run: AgentRun) -> bool:
    """Tell whether a run had no worker when it was seen last.

    Of one that goes while it has, the watch may only not tell yet that it has finished.
    """
    known = find(run.status.conditions, ConditionType.SUCCEEDED)
    return known is not None and known.reason in {Reason.WAITING, Reason.INPUT_REQUIRED}


def _is_to_end(run: AgentRun) -> bool:
    """Tell whether a run is to end at once; one that is to Stop ends after its step, as a worker does it."""
    return run.metadata.deletion_timestamp is not None or run.spec.shutdown in {"Cancel", "Terminate"}
