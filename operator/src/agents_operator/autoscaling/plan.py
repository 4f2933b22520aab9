"""How many worker pods a build is to have; pure.

Never by the backlog alone: workers that are busy leave none. Never by what was seen once, where it would take
pods away, or where the number may be wrong.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from agents_crds.v1alpha1 import ScalingReason
from agents_crds.v1alpha1.fields import format_duration
from agents_operator.autoscaling.load import Load, Unknown
from agents_operator.autoscaling.rules import Fixed, Probed, Rules, Scaled

BACKLOG_LASTS = timedelta(seconds=5)
"""As old as Temporal's numbers may be: what is seen again after that is there."""
MOST_DOUBLED = 2
SHORT_GAP = timedelta(seconds=20)
"""Looks of which so long none told anything leave what was seen before as it is."""


@dataclass(frozen=True)
class Memory:
    """What was seen of a build in earlier looks."""

    peaks: tuple[tuple[datetime, int], ...]
    """Numbers that were wanted lately, each more than all that came later."""
    busy: datetime
    """When there was something to do last."""
    backlogs: tuple[tuple[datetime, int], ...] = ()
    """The backlog of the last seconds, and the last one before."""

    @classmethod
    def fresh(cls, replicas: int, now: datetime) -> "Memory":
        """Begin with what there is, as if it had been wanted until now."""
        return cls(peaks=((now, replicas),), busy=now)


@dataclass(frozen=True)
class Decision:
    """How many worker pods a build is to have, and why."""

    replicas: int
    reason: ScalingReason
    message: str
    memory: Memory


@dataclass(frozen=True)
class _Want:
    """What the work of this moment asks for."""

    replicas: int
    reason: ScalingReason
    why: str


def plan_replicas(
    rules: Rules, load: Load | Unknown, replicas: int, memory: Memory | None, now: datetime
) -> Decision:
    """Decide by what there is to do now, and was lately; `replicas` is how many there are to be until now.

    Without a `memory` it begins with what there is. While the load is unknown all stays, and has been
    needed until then if that lasts.
    """
    match rules:
        case Fixed(fixed):
            why = f"spec.replicas is {fixed}"
            return Decision(fixed, ScalingReason.FIXED, why, Memory.fresh(fixed, now))
        case Probed(probed):
            number = max(probed, replicas)
            why = "the build is to tell its tools before new runs go to it"
            return Decision(number, ScalingReason.PROBING, why, Memory.fresh(number, now))
        case Scaled() if isinstance(load, Unknown):
            why = f"Temporal does not tell how much there is to do: {load.why}"
            return Decision(replicas, ScalingReason.HELD, why, _held(memory, replicas, now))
        case Scaled():
            return _scaled(rules, load, replicas, memory or Memory.fresh(replicas, now), now)


def _held(memory: Memory | None, replicas: int, now: datetime) -> Memory:
    """Begin anew after a gap; a look that fails now and then, of a busy server, keeps no worker for ever."""
    if memory is None or not memory.peaks or now - memory.peaks[-1][0] > SHORT_GAP:
        return Memory.fresh(replicas, now)
    return memory


def _scaled(rules: Scaled, load: Load, replicas: int, memory: Memory, now: datetime) -> Decision:
    load = load if replicas else _waking(load)
    lasting, backlogs = _lasting(memory.backlogs, load.backlog, now)
    if not replicas and load.backlog:
        # Whatever the exact number, nobody works it off.
        lasting = max(lasting, 1)
    want = _wanted(rules, load, lasting)
    # What was seen once is enough to stay: the worker that is to take it may only just be starting.
    busy = memory.busy if load.is_nothing else now
    peaks = _remembered(memory.peaks, want.replicas, now - rules.scale_down_after, now)
    memory = replace(memory, peaks=peaks, busy=busy, backlogs=backlogs)
    kept = min(replicas, rules.most, max(number for _, number in peaks))
    if kept > want.replicas:
        lately = f"{kept} were needed within the last {format_duration(rules.scale_down_after)}"
        why = f"{want.replicas} would do ({want.why}), and {lately}"
        return Decision(kept, ScalingReason.STABILIZING, why, memory)
    if replicas and not want.replicas and load.backlog:
        why = f"{_count(load.backlog, 'task')} in the backlog, which may be gone at the next look"
        return Decision(1, ScalingReason.STABILIZING, why, memory)
    idle = now - busy
    if replicas and not want.replicas and idle < rules.idle_timeout:
        limit = format_duration(rules.idle_timeout)
        why = f"{want.why} for {format_duration(idle)}: the last one goes after {limit}"
        return Decision(1, ScalingReason.STABILIZING, why, memory)
    return Decision(want.replicas, want.reason, want.why, memory)


def _waking(load: Load) -> Load:
    """Leave out what runs make that are to end: they end without a worker, and their tasks vanish."""
    return replace(
        load,
        executing=max(load.executing - load.ending, load.starting),
        backlog=load.backlog if load.backlog > MOST_DOUBLED * load.ending else 0,
        # What they call wakes the pool, and most never do.
        visiting=0,
    )


def _lasting(
    seen: tuple[tuple[datetime, int], ...], backlog: int, now: datetime
) -> tuple[int, tuple[tuple[datetime, int], ...]]:
    """Return how much of the backlog was there all the time, and what to remember for the next look.

    Counts may double for a moment, and a working pool clears a small backlog by itself.
    """
    settled = tuple(each for each in seen if now - each[0] >= BACKLOG_LASTS)
    recent = (*seen[len(settled) :], (now, backlog))
    lasting = min(settled[-1][1], *(count for _, count in recent)) if settled else 0
    return lasting, (*settled[-1:], *recent)


def _wanted(rules: Scaled, load: Load, backlog: int) -> _Want:
    by_runs = ceil(load.executing / rules.runs_per_worker)
    by_backlog = ceil(backlog / rules.backlog_per_worker)
    needed = max(by_runs, by_backlog, min(load.visiting, 1))
    if by_backlog > by_runs:
        reason = ScalingReason.BACKLOG
        why = f"{_count(load.backlog, 'task')} in the backlog, {rules.backlog_per_worker} for each worker"
    elif by_runs:
        reason = ScalingReason.EXECUTING
        why = f"{_count(load.executing, 'executing run')}, {rules.runs_per_worker} for each worker"
    elif load.visiting:
        reason = ScalingReason.EXECUTING
        why = f"{_count(load.visiting, 'executing run')} of other pools may call tools here"
    elif load.waiting:
        reason, why = ScalingReason.WAITING, f"no work but {_count(load.waiting, 'waiting run')}"
    else:
        reason, why = ScalingReason.IDLE, "no work"
    if needed > rules.most:
        return _Want(
            rules.most, ScalingReason.MAX_REPLICAS, f"{why}: {needed}, and {rules.most_by} is {rules.most}"
        )
    if needed < rules.fewest:
        return _Want(rules.fewest, ScalingReason.MIN_REPLICAS, f"{why}; minReplicas is {rules.fewest}")
    return _Want(needed, reason, why)


def _remembered(
    peaks: tuple[tuple[datetime, int], ...], wanted: int, since: datetime, now: datetime
) -> tuple[tuple[datetime, int], ...]:
    """Forget what is too long ago, and what was less than is wanted now."""
    return (*(each for each in peaks if each[0] > since and each[1] > wanted), (now, wanted))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
