"""By when a run must start."""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRun, Reason
from agents_operator.engine.world import World
from agents_operator.runs.plan import (
    Finish,
    Keep,
    Start,
    plan_run,
    time_to_start,
)
from tests.unit.operator.objects import (
    NOW,
    Manifest,
    condition,
    run,
)
from tests.unit.operator.runs.worlds import INSTALLATION, ready_world, world_of

CREATED = "2026-03-01T12:00:00Z"  # half a minute before NOW
IN_TIME: Manifest = {"startingDeadlineSeconds": 31}
TOO_LATE: Manifest = {"startingDeadlineSeconds": 30}


@pytest.mark.parametrize(
    ("planned", "left"),
    [
        pytest.param(run(spec=IN_TIME, creationTimestamp=CREATED), timedelta(seconds=1), id="waits"),
        pytest.param(run(spec=TOO_LATE, creationTimestamp=CREATED), timedelta(), id="has waited"),
        pytest.param(run(creationTimestamp=CREATED), None, id="may wait for ever"),
        pytest.param(
            run(spec=TOO_LATE, status={"workflowId": "inst/team/u"}, creationTimestamp=CREATED),
            None,
            id="started",
        ),
        pytest.param(
            run(spec=TOO_LATE, status={"finished": True}, creationTimestamp=CREATED), None, id="over"
        ),
    ],
)
def test_deadline_limits_the_wait_for_the_start(planned: AgentRun, left: timedelta | None) -> None:
    assert time_to_start(planned, now=NOW) == left


@pytest.mark.parametrize("world", [ready_world(), world_of()], ids=["ready", "nothing"])
@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        ([condition("Succeeded", "Unknown", "AgentNotFound", "no finance")], "AgentNotFound: no finance"),
        ([], "the operator did not look at it in time"),
    ],
)
def test_run_that_is_too_late_is_not_started_and_says_what_it_waited_for(
    world: World, conditions: list[JsonValue], why: str
) -> None:
    late = run(spec=TOO_LATE, status={"conditions": conditions}, creationTimestamp=CREATED)
    message = f"not started within the 30 s of spec.startingDeadlineSeconds: {why}"
    action = plan_run(late, world, installation=INSTALLATION, now=NOW)
    assert action == Finish(Reason.STARTING_DEADLINE_EXCEEDED, message)


def test_run_that_is_in_time_starts() -> None:
    in_time = run(spec=IN_TIME, creationTimestamp=CREATED)
    assert isinstance(plan_run(in_time, ready_world(), installation=INSTALLATION, now=NOW), Start)


def test_run_that_is_late_and_was_started_nevertheless_goes_on() -> None:
    going = run(spec=TOO_LATE, status={"workflowId": "inst/team/u"}, creationTimestamp=CREATED)
    assert plan_run(going, ready_world(), installation=INSTALLATION, now=NOW) == Keep()
