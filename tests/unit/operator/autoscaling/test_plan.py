"""The rules by which the number of a build's workers is decided, each by a case."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from agents_crds.v1alpha1 import ScalingReason
from agents_operator.autoscaling.load import Load, Unknown
from agents_operator.autoscaling.plan import Decision, plan_replicas
from agents_operator.autoscaling.rules import Fixed, Probed, Rules, Scaled
from tests.unit.operator.autoscaling.rules import AT_LEAST_TWO, AWAY, NOTHING, RULES
from tests.unit.operator.objects import NOW


@dataclass(frozen=True)
class Look:
    """A look at a build that many seconds after the first one, and how many workers it is to have then."""

    after: float
    load: Load | Unknown
    replicas: int
    reason: ScalingReason


@dataclass(frozen=True)
class Case:
    """A build that has `begins` workers, and the looks at it."""

    title: str
    begins: int
    looks: tuple[Look, ...]
    rules: Rules = field(default=RULES)


R = ScalingReason
BUSY = Load(executing=120)

CASES = (
    Case("one executing run needs a worker", 0, (Look(0, Load(executing=1), 1, R.EXECUTING),)),
    Case(
        "as many executing runs as a worker is for need one",
        1,
        (Look(0, Load(executing=50), 1, R.EXECUTING),),
    ),
    Case("one more needs another worker, at once", 1, (Look(0, Load(executing=51), 2, R.EXECUTING),)),
    Case(
        "no more than maxReplicas",
        3,
        (Look(0, Load(executing=501), 10, R.MAX_REPLICAS),),
    ),
    Case(
        "a lowered maxReplicas is obeyed at once",
        20,
        (Look(0, Load(executing=900), 10, R.MAX_REPLICAS), Look(5, Load(executing=10), 10, R.STABILIZING)),
    ),
    Case("never fewer than minReplicas", 0, (Look(0, NOTHING, 2, R.MIN_REPLICAS),), AT_LEAST_TWO),
    Case(
        "minReplicas stay however long there is no work",
        2,
        (Look(0, NOTHING, 2, R.MIN_REPLICAS), Look(3600, NOTHING, 2, R.MIN_REPLICAS)),
        AT_LEAST_TWO,
    ),
    Case(
        "runs that wait need no worker",
        1,
        (Look(0, Load(waiting=300), 1, R.STABILIZING), Look(300, Load(waiting=300), 0, R.WAITING)),
    ),
    Case(
        "a backlog seen once adds no worker, for counts may double",
        1,
        (
            Look(0, Load(executing=10, backlog=0), 1, R.EXECUTING),
            Look(5, Load(executing=10, backlog=900), 1, R.EXECUTING),
            Look(10, Load(executing=10, backlog=80), 1, R.EXECUTING),
        ),
    ),
    Case(
        "a backlog that lasts adds workers, as many as its smaller number needs",
        1,
        (
            Look(0, Load(executing=10, backlog=900), 1, R.EXECUTING),
            Look(5, Load(executing=10, backlog=450), 5, R.BACKLOG),
        ),
    ),
    Case(
        "two looks within a moment are one: both may show the same old number",
        1,
        (
            Look(0, Load(executing=10, backlog=900), 1, R.EXECUTING),
            Look(1, Load(executing=10, backlog=900), 1, R.EXECUTING),
            Look(6, Load(executing=10, backlog=900), 9, R.BACKLOG),
        ),
    ),
    Case(
        "executing runs count where the backlog needs fewer",
        1,
        (
            Look(0, Load(executing=120, backlog=150), 3, R.EXECUTING),
            Look(5, Load(executing=120, backlog=150), 3, R.EXECUTING),
        ),
    ),
    Case(
        "fewer only when fewer were enough for scaleDownAfter",
        3,
        (
            Look(0, BUSY, 3, R.EXECUTING),
            Look(30, Load(executing=20), 3, R.STABILIZING),
            Look(59, Load(executing=20), 3, R.STABILIZING),
            Look(60, Load(executing=20), 1, R.EXECUTING),
        ),
    ),
    Case(
        "down to the largest number of that time",
        5,
        (
            Look(0, Load(executing=250), 5, R.EXECUTING),
            Look(30, Load(executing=120), 5, R.STABILIZING),
            Look(65, Load(executing=20), 3, R.STABILIZING),
            Look(95, Load(executing=20), 1, R.EXECUTING),
        ),
    ),
    Case(
        "a peak in between begins the time anew",
        3,
        (
            Look(0, Load(executing=20), 3, R.STABILIZING),
            Look(50, BUSY, 3, R.EXECUTING),
            Look(70, Load(executing=20), 3, R.STABILIZING),
            Look(110, Load(executing=20), 1, R.EXECUTING),
        ),
    ),
    Case(
        "the last worker stays for idleTimeout",
        3,
        (
            Look(0, BUSY, 3, R.EXECUTING),
            Look(60, NOTHING, 1, R.STABILIZING),
            Look(299, NOTHING, 1, R.STABILIZING),
            Look(300, NOTHING, 0, R.IDLE),
            Look(900, NOTHING, 0, R.IDLE),
        ),
    ),
    Case(
        "work in between begins idleTimeout anew",
        1,
        (
            Look(0, NOTHING, 1, R.STABILIZING),
            Look(290, Load(executing=1), 1, R.EXECUTING),
            Look(580, NOTHING, 1, R.STABILIZING),
            Look(590, NOTHING, 0, R.IDLE),
        ),
    ),
    Case(
        "so does a task that waits, for its worker may only just be starting",
        1,
        (
            Look(0, NOTHING, 1, R.STABILIZING),
            Look(299, Load(backlog=1), 1, R.STABILIZING),
            Look(301, Load(backlog=1), 1, R.STABILIZING),
            Look(306, Load(backlog=1), 1, R.BACKLOG),
            Look(310, NOTHING, 1, R.STABILIZING),
            Look(606, NOTHING, 0, R.IDLE),
        ),
    ),
    Case(
        "a task wakes a pool that sleeps: a run has waited long enough, or another pool's run calls a tool",
        0,
        (Look(0, NOTHING, 0, R.IDLE), Look(15, Load(waiting=7, backlog=3), 1, R.BACKLOG)),
    ),
    Case(
        "it stays awake until its worker has started, however short idleTimeout",
        0,
        (
            Look(0, Load(waiting=7, backlog=7), 1, R.BACKLOG),
            Look(3, Load(waiting=7, backlog=7), 1, R.STABILIZING),
            Look(6, Load(waiting=7, backlog=7), 1, R.BACKLOG),
            Look(9, Load(executing=3, waiting=4), 1, R.EXECUTING),
        ),
        Scaled(0, 10, "maxReplicas", 50, 100, timedelta(seconds=1), timedelta(seconds=2)),
    ),
    Case(
        "so it does with no idleTimeout and no scaleDownAfter at all",
        0,
        (
            Look(0, Load(backlog=7), 1, R.BACKLOG),
            Look(3, Load(backlog=7), 1, R.STABILIZING),
            Look(6, NOTHING, 0, R.IDLE),
        ),
        Scaled(0, 10, "maxReplicas", 50, 100, timedelta(), timedelta()),
    ),
    Case(
        "runs of other pools that may call tools keep one worker, and idleTimeout begins when they are over",
        3,
        (
            Look(0, Load(visiting=200), 3, R.STABILIZING),
            Look(600, Load(visiting=200), 1, R.EXECUTING),
            Look(605, NOTHING, 1, R.STABILIZING),
            Look(900, NOTHING, 0, R.IDLE),
        ),
    ),
    Case("they wake nobody before they call one", 0, (Look(0, Load(visiting=200), 0, R.IDLE),)),
    Case(
        "one worker at first, whatever the number",
        0,
        (
            Look(0, Load(waiting=700, backlog=700), 1, R.BACKLOG),
            Look(5, Load(waiting=700, backlog=700), 7, R.BACKLOG),
        ),
    ),
    Case(
        "a pool that woke stays awake though its run is not counted yet",
        0,
        (
            Look(0, Load(executing=1, starting=1), 1, R.EXECUTING),
            Look(1, NOTHING, 1, R.STABILIZING),
            Look(61, NOTHING, 1, R.STABILIZING),
        ),
    ),
    Case(
        "a cancel alone wakes nobody, though its task counts twice",
        0,
        (
            Look(0, Load(executing=1, backlog=2, ending=1), 0, R.IDLE),
            Look(5, Load(executing=1, backlog=2, ending=1), 0, R.IDLE),
        ),
    ),
    Case(
        "others that have waited long enough wake the pool nevertheless",
        0,
        (Look(0, Load(waiting=6, backlog=7, ending=1), 1, R.BACKLOG),),
    ),
    Case(
        "so does a run that is started meanwhile",
        0,
        (Look(0, Load(executing=1, starting=1, backlog=2, ending=3), 1, R.EXECUTING),),
    ),
    Case(
        "a cancel takes no worker from a pool that is awake",
        1,
        (Look(0, Load(executing=3, ending=3), 1, R.EXECUTING),),
    ),
    Case(
        "as many as there were while Temporal is away, and fewer only some time after it is back",
        3,
        (
            Look(0, BUSY, 3, R.EXECUTING),
            Look(5, AWAY, 3, R.HELD),
            Look(600, AWAY, 3, R.HELD),
            Look(605, Load(executing=60), 3, R.STABILIZING),
            Look(660, Load(executing=60), 2, R.EXECUTING),
        ),
    ),
    Case(
        "a look now and then of which Temporal tells nothing keeps no worker",
        3,
        (
            Look(0, BUSY, 3, R.EXECUTING),
            Look(15, Load(executing=20), 3, R.STABILIZING),
            Look(30, AWAY, 3, R.HELD),
            Look(45, Load(executing=20), 3, R.STABILIZING),
            Look(55, AWAY, 3, R.HELD),
            Look(60, Load(executing=20), 1, R.EXECUTING),
        ),
    ),
    Case("none while Temporal is away either", 0, (Look(0, AWAY, 0, R.HELD),)),
    Case("somebody else decides", 3, (Look(0, BUSY, 7, R.FIXED), Look(5, AWAY, 7, R.FIXED)), Fixed(7)),
    Case("one worker tells the tools of a build", 0, (Look(0, AWAY, 1, R.PROBING),), Probed(1)),
    Case(
        "a build that is to tell its tools loses no workers", 4, (Look(0, NOTHING, 4, R.PROBING),), Probed(1)
    ),
)


def looked(case: Case) -> list[Decision]:
    """Decide look by look, each time with what was remembered and decided before."""
    replicas, memory, decisions = case.begins, None, list[Decision]()
    for look in case.looks:
        now = NOW + timedelta(seconds=look.after)
        decision = plan_replicas(case.rules, look.load, replicas, memory, now)
        replicas, memory = decision.replicas, decision.memory
        decisions.append(decision)
    return decisions


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_workers_follow_the_work(case: Case) -> None:
    decided = [(decision.replicas, decision.reason) for decision in looked(case)]
    assert decided == [(look.replicas, look.reason) for look in case.looks]


def test_what_is_remembered_does_not_grow() -> None:
    memory, most = None, 0
    for second in range(0, 7200, 5):
        load = Load(executing=second % 400, backlog=second % 7)
        memory = plan_replicas(RULES, load, 10, memory, NOW + timedelta(seconds=second)).memory
        most = max(most, len(memory.peaks) + len(memory.backlogs))
    assert most <= 10 + 3
