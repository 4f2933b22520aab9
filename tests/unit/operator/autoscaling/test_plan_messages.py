"""What is said of how many worker pods there are to be."""

from datetime import timedelta

import pytest

from agents_operator.autoscaling.load import Load, Unknown
from agents_operator.autoscaling.plan import Memory, plan_replicas
from agents_operator.autoscaling.rules import Fixed, Rules
from tests.unit.operator.autoscaling.rules import AT_LEAST_TWO, AWAY, NOTHING, RULES
from tests.unit.operator.objects import NOW


@pytest.mark.parametrize(
    ("begins", "load", "rules", "message"),
    [
        (1, Load(executing=120), RULES, "120 executing runs, 50 for each worker"),
        (0, Load(executing=1), RULES, "1 executing run, 50 for each worker"),
        (0, Load(backlog=3), RULES, "3 tasks in the backlog, 100 for each worker"),
        (9, Load(executing=900), RULES, "900 executing runs, 50 for each worker: 18, and maxReplicas is 10"),
        (2, NOTHING, AT_LEAST_TWO, "no work; minReplicas is 2"),
        (0, Load(waiting=7), RULES, "no work but 7 waiting runs"),
        (0, NOTHING, RULES, "no work"),
        (
            4,
            Load(executing=60),
            RULES,
            "2 would do (60 executing runs, 50 for each worker), and 4 were needed within the last 1m",
        ),
        (3, NOTHING, Fixed(3), "spec.replicas is 3"),
        (
            3,
            AWAY,
            RULES,
            "Temporal does not tell how much there is to do: Temporal cannot be reached (UNAVAILABLE)",
        ),
        (1, Load(visiting=1), RULES, "1 executing run of other pools may call tools here"),
    ],
)
def test_message_says_why(begins: int, load: Load | Unknown, rules: Rules, message: str) -> None:
    assert plan_replicas(rules, load, begins, None, NOW).message == message


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (NOTHING, "no work for 2m: the last one goes after 5m"),
        (Load(waiting=7), "no work but 7 waiting runs for 2m: the last one goes after 5m"),
        (Load(backlog=1), "1 task in the backlog, which may be gone at the next look"),
    ],
)
def test_message_says_what_the_last_worker_stays_for(load: Load, message: str) -> None:
    memory = Memory(peaks=(), busy=NOW - timedelta(minutes=2))
    assert plan_replicas(RULES, load, 1, memory, NOW).message == message
