"""Runs of which the operator knows more than Temporal's counts."""

from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_operator.autoscaling.announced import Announcements
from agents_operator.autoscaling.load import Announced
from agents_operator.engine.world import Key, World
from tests.unit.operator.objects import DELETED, NOW, agent, condition, pool, run

POOL = Key.of(pool())
SECOND = timedelta(seconds=1)
STARTED: dict[str, JsonValue] = {"workflowId": "w", "startTime": "2026-03-01T12:00:30Z"}
ENDED: dict[str, JsonValue] = {**STARTED, "finished": True}
CANCEL: dict[str, JsonValue] = {"shutdown": "Cancel"}


def waiting(reason: str) -> dict[str, JsonValue]:
    return {**STARTED, "conditions": [condition("Succeeded", "Unknown", reason)]}


class Watched:
    """A world with an Agent of the pool, and a clock."""

    def __init__(self) -> None:
        self.clock = NOW
        self.world = World()
        self.world.agents.see(agent())
        self.announcements = Announcements(self.world, cancel_grace=60 * SECOND, now=self.now)
        self.world.listen(self.announcements)

    def now(self) -> datetime:
        return self.clock

    def counted(self, *, after: timedelta = timedelta(), of: Key = POOL) -> Announced:
        self.clock = NOW + after
        return self.announcements.of_pool(of)


def test_run_counts_as_starting_for_some_seconds() -> None:
    watched = Watched()
    watched.world.runs.see(run(status=STARTED))
    assert watched.counted() == Announced(starting=1)
    assert watched.counted(of=Key.of(pool("other"))) == Announced()
    assert watched.counted(after=10 * SECOND) == Announced()


def test_run_that_has_ended_is_not_starting() -> None:
    watched = Watched()
    watched.world.runs.see(run(status=STARTED))
    watched.world.runs.see(run(status=ENDED, resourceVersion="2"))
    assert watched.counted() == Announced()


def test_run_that_was_started_long_ago_is_not_starting() -> None:
    watched = Watched()
    watched.world.runs.see(run(status={**STARTED, "startTime": "2026-03-01T11:00:00Z"}))
    assert watched.counted() == Announced()


def test_run_that_waits_for_its_agent_is_not_starting() -> None:
    watched = Watched()
    watched.world.runs.see(run())
    assert watched.counted() == Announced()


def test_cancelled_run_is_ending_until_its_task_is_gone() -> None:
    watched = Watched()
    watched.world.runs.see(run(status=STARTED))
    watched.world.runs.see(run(spec=CANCEL, status=STARTED, resourceVersion="2"))
    assert watched.counted(after=3600 * SECOND) == Announced(ending=1)
    watched.world.runs.see(run(spec=CANCEL, status=ENDED, resourceVersion="3"))
    assert watched.counted(after=3689 * SECOND) == Announced(ending=1)
    assert watched.counted(after=3690 * SECOND) == Announced()


@pytest.mark.parametrize("reason", ["Waiting", "InputRequired"])
def test_deleted_run_is_ending_until_it_would_be_terminated_and_its_task_gone(reason: str) -> None:
    watched = Watched()
    watched.world.runs.see(run(status=waiting(reason)))
    watched.world.runs.forget(Key.of(run()))
    assert watched.counted(after=149 * SECOND) == Announced(ending=1)
    assert watched.counted(after=150 * SECOND) == Announced()


def test_run_whose_outcome_another_replica_wrote_is_not_ending() -> None:
    watched = Watched()
    watched.world.runs.see(run(status=waiting("Waiting")))
    watched.world.runs.forget(Key.of(run()))
    watched.announcements.finished(Key.of(run()))
    assert watched.counted() == Announced()


def test_cancelled_run_whose_end_was_seen_before_it_was_told_is_ending_until_its_task_is_gone() -> None:
    watched = Watched()
    watched.world.runs.see(run(spec=CANCEL, status=waiting("Waiting")))
    watched.world.runs.forget(Key.of(run()))
    watched.announcements.finished(Key.of(run()))
    assert watched.counted(after=90 * SECOND) == Announced(ending=1)


def test_cancelled_run_that_goes_is_ending_whatever_was_seen_of_it() -> None:
    watched = Watched()
    watched.world.runs.see(run(spec=CANCEL, status=STARTED))
    watched.world.runs.forget(Key.of(run()))
    assert watched.counted() == Announced(ending=1)


def test_run_that_goes_while_it_has_a_worker_may_just_have_finished() -> None:
    watched = Watched()
    watched.world.runs.see(run(status=STARTED))
    watched.world.runs.forget(Key.of(run()))
    assert watched.counted() == Announced()


def test_run_that_is_being_deleted_is_ending() -> None:
    watched = Watched()
    watched.world.runs.see(run(status=STARTED, deletionTimestamp=DELETED))
    assert watched.counted() == Announced(ending=1)


def test_run_that_has_ended_by_itself_and_leaves_the_watch_is_not_ending() -> None:
    watched = Watched()
    watched.world.runs.see(run(status=STARTED))
    watched.world.runs.see(run(status=ENDED, resourceVersion="2"))
    watched.world.runs.forget(Key.of(run()))
    assert watched.counted() == Announced()


def test_run_that_is_to_stop_after_its_step_is_not_ending() -> None:
    watched = Watched()
    watched.world.runs.see(run(spec={"shutdown": "Stop"}, status=STARTED))
    assert watched.counted(after=60 * SECOND) == Announced()


def test_nothing_is_kept_of_runs_that_count_no_more_also_where_nobody_asks() -> None:
    watched = Watched()
    for number in range(300):
        watched.clock = NOW + number * SECOND
        watched.world.runs.see(run(f"r-{number}", status=waiting("Waiting")))
        watched.world.runs.forget(Key.of(run(f"r-{number}")))
    assert len(watched.announcements) <= 151
