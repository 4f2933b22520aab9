"""Simulated arrivals against the rules, and against scaling by the backlog alone.

`python -m tests.unit.operator.autoscaling.simulation` writes the table of docs/autoscaling.md.

Second by second: workers hold RUNS_PER_WORKER executing runs each, and begin PODS_START after they were asked
for. Who comes first is served first. Numbers of the backlog are up to 5 s old, as Temporal's are.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Protocol

from agents_operator.autoscaling.load import Load
from agents_operator.autoscaling.plan import Memory, plan_replicas
from agents_operator.autoscaling.rules import Scaled
from tests.unit.operator.autoscaling.arrivals import SCENARIOS, Scenario
from tools.parts.catalog import ROOT

PAGE = ROOT / "docs" / "autoscaling.md"
BEGIN, END = "<!-- begin of the simulation's table -->\n", "<!-- end of the simulation's table -->"

RUNS_PER_WORKER = 50
MOST = 10
PODS_START = 15
BACKLOG_AGE = 5
AFTERWARDS = 900
"""Seconds for which is looked on when the last run is over."""

RULES = Scaled(
    fewest=0,
    most=MOST,
    most_by="maxReplicas",
    runs_per_worker=RUNS_PER_WORKER,
    backlog_per_worker=100,
    scale_down_after=timedelta(minutes=1),
    idle_timeout=timedelta(minutes=5),
)


@dataclass(frozen=True)
class Work:
    """What there is to do at a moment."""

    executing: int
    waiting: int
    backlog: int
    """Up to 5 s old."""
    started: bool
    """Whether a run was started just now."""


class Scaler(Protocol):
    """Decides, second by second, how many workers there are to be."""

    def decide(self, second: int, replicas: int, work: Work) -> int:
        """Return the number, `replicas` until now."""


class ByRules:
    """The operator: a look each 5 s, or 15 s while it sleeps without runs, and at once for the first run."""

    def __init__(self) -> None:
        self._memory: Memory | None = None
        self._next = 0

    def decide(self, second: int, replicas: int, work: Work) -> int:
        if second < self._next and not (work.started and replicas == 0):
            return replicas
        load = Load(work.executing, 0, work.waiting, work.backlog)
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        decision = plan_replicas(RULES, load, replicas, self._memory, now)
        self._memory = decision.memory
        self._next = second + (5 if decision.replicas or work.executing or work.waiting else 15)
        return decision.replicas


@dataclass
class ByBacklog:
    """KEDA's scaler for Temporal with an HPA, both with their defaults.

    KEDA asks every 30 s whether there is a backlog: from 0 to 1 then, to 0 when there was none for 300 s.
    In between the HPA, every 15 s: ceil(backlog / target), at most 4 more or twice as many, and down to the
    largest number of the last 300 s. https://keda.sh/docs/latest/reference/scaledobject-spec/,
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior
    """

    target: int = RUNS_PER_WORKER
    _active: int = 0
    _asked: deque[tuple[int, int]] = field(default_factory=deque)

    def decide(self, second: int, replicas: int, work: Work) -> int:
        if second % 30 == 0:
            if work.backlog:
                self._active = second
            if not replicas:
                self._asked.clear()
                return 1 if work.backlog else 0
            if second - self._active >= 300:
                return 0
        if not replicas or second % 15:
            return replicas
        wanted = min(max(ceil(work.backlog / self.target), 1), MOST)
        self._asked.append((second, wanted))
        while self._asked[0][0] <= second - 300:
            self._asked.popleft()
        if wanted > replicas:
            return min(wanted, max(replicas + 4, 2 * replicas))
        return min(replicas, max(number for _, number in self._asked))


@dataclass(frozen=True)
class Measured:
    """What became of a scenario."""

    missed: float
    """Minutes that runs waited for a worker, all together."""
    wasted: float
    """Minutes of worker pods that no run needed, all together."""
    changes: int
    interrupted: int
    """Runs whose worker was taken away while they executed."""
    longest: float
    """Minutes that the one that waited longest waited in all."""


@dataclass(eq=False)
class _Run:
    spans: deque[int]
    waited: int = 0


class _Runs:
    """Runs that come, want to execute, and wait."""

    def __init__(self, scenario: Scenario) -> None:
        self._coming = deque(sorted(scenario.runs, key=lambda run: run.at))
        self.every: list[_Run] = []
        self.wanting: list[_Run] = []
        """Those that want to execute, who came first first: as many as there is room for do."""
        self.resting: list[tuple[int, _Run]] = []

    @property
    def are_over(self) -> bool:
        return not (self._coming or self.wanting or self.resting)

    def come(self, second: int) -> bool:
        """Let those come, and come back, whose time it is; tell whether one came."""
        fresh: list[_Run] = []
        while self._coming and self._coming[0].at <= second:
            fresh.append(_Run(deque(self._coming.popleft().spans)))
        self.every += fresh
        self.wanting += [*fresh, *(run for until, run in self.resting if until <= second)]
        self.resting = [(until, run) for until, run in self.resting if until > second]
        return bool(fresh)

    def go_on(self, second: int, room: int) -> int:
        """Let those execute for whom there is room; return how many will go on to."""
        for run in self.wanting[room:]:
            run.waited += 1
        for run in self.wanting[:room]:
            run.spans[0] -= 1
        done = [run for run in self.wanting[:room] if run.spans[0] == 0]
        for run in done:
            run.spans.popleft()
        self.resting += [(second + run.spans.popleft(), run) for run in done if run.spans]
        going = min(len(self.wanting), room) - len(done)
        self.wanting = [run for run in self.wanting if run not in done] if done else self.wanting
        return going


class _Workers:
    """Pods that work, and those that were asked for."""

    def __init__(self) -> None:
        self.wanted = 0
        self.ready = 0
        self._starting: deque[int] = deque()

    @property
    def room(self) -> int:
        return self.ready * RUNS_PER_WORKER

    def scale(self, second: int, wanted: int) -> None:
        """Ask for pods, or take some away, those first that have not begun."""
        for _ in range(wanted, self.wanted):
            if self._starting:
                self._starting.pop()
            else:
                self.ready -= 1
        self._starting += [second + PODS_START] * (wanted - self.wanted)
        self.wanted = wanted

    def begin(self, second: int) -> None:
        """Let those begin whose time it is."""
        while self._starting and self._starting[0] <= second:
            self._starting.popleft()
            self.ready += 1


def simulate(scenario: Scenario, scaler: Scaler) -> Measured:
    """Let the runs of a scenario come, and count."""
    runs, workers = _Runs(scenario), _Workers()
    going = backlog = missed = wasted = changes = interrupted = second = over = 0
    while over < AFTERWARDS:
        started = runs.come(second)
        if second % BACKLOG_AGE == 0:
            backlog = max(len(runs.wanting) - workers.room, 0)
        work = Work(len(runs.wanting), len(runs.resting), backlog, started)
        wanted = scaler.decide(second, workers.wanted, work)
        changes += wanted != workers.wanted
        workers.scale(second, wanted)
        workers.begin(second)
        interrupted += max(going - workers.room, 0)
        missed += max(len(runs.wanting) - workers.room, 0)
        wasted += max(wanted - ceil(len(runs.wanting) / RUNS_PER_WORKER), 0)
        going = runs.go_on(second, workers.room)
        over = over + 1 if runs.are_over else 0
        second += 1
    longest = max(run.waited for run in runs.every)
    return Measured(missed / 60, wasted / 60, changes, interrupted, longest / 60)


SCALERS: tuple[tuple[str, Callable[[], Scaler]], ...] = (
    ("the operator", ByRules),
    ("backlog alone", ByBacklog),
)


def measured() -> Iterable[tuple[Scenario, str, Measured]]:
    """Simulate everything."""
    for scenario in SCENARIOS:
        for title, scaler in SCALERS:
            yield scenario, title, simulate(scenario, scaler())


def table() -> str:
    """Write the table."""
    lines = [
        "| arrivals | scaled by | runs waited for a worker, in all / the longest | pods nobody needed "
        "| changes | runs interrupted |",
        "|---|---|---|---|---|---|",
    ]
    for scenario, title, found in measured():
        arrivals = f"{scenario.title}: {scenario.what}" if title == SCALERS[0][0] else ""
        waited = f"{found.missed:.0f} min / {_minutes(found.longest)}"
        lines.append(
            f"| {arrivals} | {title} | {waited} | {found.wasted:.0f} min | {found.changes} "
            f"| {found.interrupted} |"
        )
    return "\n".join(lines) + "\n"


def written(page: str) -> str:
    """Put the table into the page."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


def _minutes(minutes: float) -> str:
    return f"{minutes * 60:.0f} s" if minutes < 2 else f"{minutes:.0f} min"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
