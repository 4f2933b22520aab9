"""Runs as they come in the simulation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Course:
    """A run: when it comes, and how many seconds it executes and waits in turns, executing first."""

    at: int
    spans: tuple[int, ...]


@dataclass(frozen=True)
class Scenario:
    """Arrivals."""

    title: str
    what: str
    runs: tuple[Course, ...]


SCENARIOS = (
    Scenario(
        "burst",
        "400 runs of 1 min at once",
        tuple(Course(60, (60,)) for _ in range(400)),
    ),
    Scenario(
        "steady",
        "2 runs of 1 min each second, for 30 min",
        tuple(Course(60 + number // 2, (60,)) for number in range(3600)),
    ),
    Scenario(
        "slow drain",
        "300 runs at once, of 6 s to 30 min",
        tuple(Course(60, (6 * number,)) for number in range(1, 301)),
    ),
    Scenario(
        "long runs",
        "40 runs of 1 h, one each minute",
        tuple(Course(60 * number, (3600,)) for number in range(1, 41)),
    ),
    Scenario(
        "throttled",
        "200 runs at once that execute 20 s, wait 10 min for their provider, and execute 20 s",
        tuple(Course(60, (20, 600, 20)) for _ in range(200)),
    ),
)
