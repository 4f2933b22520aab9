"""What there is to do for the builds of a pool."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agents_operator.temporal.load import OpenRuns

Phase = Literal["Starting", "Current", "Draining"]


@dataclass(frozen=True)
class Load:
    """What there is to do for the workers of one build."""

    executing: int = 0
    """Runs that execute, or wait for a worker to begin."""
    starting: int = 0
    """Those of them that were started within the last seconds; a count may not have them yet."""
    waiting: int = 0
    """Runs that wait for a provider or a person, and need no worker until they go on."""
    backlog: int = 0
    """Tasks that wait for a worker; up to 5 s old, and maybe twice as many as there are."""
    ending: int = 0
    """Runs that were asked to end, maybe lately: each may be one of `executing`, and a task of `backlog`."""
    visiting: int = 0
    """Runs of other pools that may call tools here at any moment; told only where there is nothing else."""

    @property
    def is_nothing(self) -> bool:
        """Whether no worker is needed for what there is."""
        return not (self.executing or self.backlog or self.visiting)


@dataclass(frozen=True)
class Unknown:
    """Nobody can tell."""

    why: str


@dataclass(frozen=True)
class Announced:
    """What the operator did itself, which Temporal's counts may not show yet, or show for too long."""

    starting: int = 0
    """Runs that were started within the last seconds."""
    ending: int = 0
    """Runs that are asked to end, or were within the last minutes."""


def phase_of(build: str, *, serving: str | None, present: str) -> Phase:
    """Say what a build is for; `serving` is the one that new runs go to, `present` that of the spec."""
    if build == serving:
        return "Current"
    return "Starting" if build == present else "Draining"


def loads(
    every: OpenRuns,
    pinned: Mapping[str, OpenRuns],
    backlogs: Mapping[str, int],
    announced: Announced,
    *,
    serving: str | None,
) -> dict[str, Load]:
    """Share the runs of a pool's queue out among its builds.

    Those that are `pinned` to other builds are these builds'; the rest, of which some are pinned to none yet,
    is that of the `serving` build.
    """
    shared = {
        build: Load(
            executing=max(runs.all - runs.waiting, 0),
            waiting=runs.waiting,
            backlog=backlogs.get(build, 0),
            ending=announced.ending,
        )
        for build, runs in pinned.items()
    }
    if serving is not None:
        others = pinned.values()
        waiting = max(every.waiting - sum(runs.waiting for runs in others), 0)
        executing = max(every.all - sum(runs.all for runs in others) - waiting, 0)
        shared[serving] = Load(
            executing=max(executing, announced.starting),
            starting=announced.starting,
            waiting=waiting,
            backlog=backlogs.get(serving, 0),
            ending=announced.ending,
        )
    return shared
