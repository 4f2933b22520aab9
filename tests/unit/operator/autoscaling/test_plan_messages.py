"""What is said of how many worker pods there are to be."""

from datetime import timedelta

import pytest

from agents_operator.autoscaling.load import Load
from agents_operator.autoscaling.plan import Memory, plan_replicas
from agents_operator.autoscaling.rules import Fixed, Rules
from tests.unit.operator.autoscaling.test_plan import AT_LEAST_TWO, NOTHING, RULES
from tests.unit.operator.objects import NOW


@pytest.mark.parametrize(
    ("begins", "load", "rules", "message"),
    [
        (1, Load(executing=120), RULES, "120 executing runs, 50 for each worker"),
        (0, Load(executing=1), RULES, "1 executing run, 50 for each worker"),
        (0, Load(backlog=3), RULES, "3 tasks in the backlog, 100 for each worker"),
        (9, Load(executing=900), RULES, "900 executing runs, 50 for each worker: 18, and maxReplicas is 10"),
        (2, NOTHING, AT_LEAST_TWO, "no work; minReplicas is 2"),
        (0, Load(waiting=7), RULES, "no work; 7 runs waiting"),
        (0, NOTHING, RULES, "no work"),
        (
            4,
            Load(executing=60),
            RULES,
            "2 would do (60 executing runs, 50 for each worker), and 4 were needed within the last 1m",
        ),
        (3, NOTHING, Fixed(3), "spec.replicas is 3"),
        (3, None, RULES, "Temporal does not tell how much there is to do"),
    ],
)
def test_message_says_why(begins: int, load: Load | None, rules: Rules, message: str) -> None:
    assert plan_replicas(rules, load, begins, None, NOW).message == message


def test_message_says_how_long_there_has_been_no_work() -> None:
    memory = Memory(peaks=(), busy=NOW - timedelta(minutes=2))
    decision = plan_replicas(RULES, NOTHING, 1, memory, NOW)
    assert decision.message == "no work for 2m: the last one goes after 5m"
