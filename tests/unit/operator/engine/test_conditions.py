from datetime import timedelta

import pytest

from agents_crds.v1alpha1 import Condition, ConditionType, Reason
from agents_operator.engine.conditions import Status, condition, find, is_true, with_conditions
from tests.unit.operator.objects import NOW

LATER = NOW + timedelta(hours=1)


def ready(status: Status, message: str = "", *, hours: int = 0) -> Condition:
    now = NOW + timedelta(hours=hours)
    return condition(ConditionType.READY, status, Reason.SYNCED, message, generation=1, now=now)


def accepted() -> Condition:
    return condition(ConditionType.ACCEPTED, "True", Reason.ACCEPTED, "", generation=1, now=NOW)


def test_transition_time_stays_while_the_status_does() -> None:
    (merged,) = with_conditions([ready("False", "one")], ready("False", "two", hours=1))
    assert merged.message == "two"
    assert merged.last_transition_time == NOW


def test_transition_time_moves_with_the_status() -> None:
    (merged,) = with_conditions([ready("False")], ready("True", hours=1))
    assert merged.last_transition_time == LATER


def test_condition_of_a_new_type_joins_the_others() -> None:
    merged = with_conditions([accepted()], ready("True"))
    assert [known.type for known in merged] == ["Accepted", "Ready"]


def test_condition_of_another_type_is_left_alone() -> None:
    first, second = with_conditions([accepted(), ready("False")], ready("True", hours=1))
    assert (first, second.status) == (accepted(), "True")


def test_condition_says_again_what_the_api_server_gives_back() -> None:
    now = NOW.replace(microsecond=123456)
    made = condition(ConditionType.READY, "True", Reason.SYNCED, "", generation=1, now=now)
    assert Condition.model_validate(made.manifest()) == made


@pytest.mark.parametrize(
    ("length", "kept"), [(0, ""), (1024, "x" * 1024), (1025, "x" * 1023 + "…"), (9999, "x" * 1023 + "…")]
)
def test_long_message_is_cut(length: int, kept: str) -> None:
    assert ready("False", "x" * length).message == kept


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [([], False), ([accepted()], False), ([ready("False")], False), ([ready("Unknown")], False)],
)
def test_what_is_not_said_to_be_true_is_not(conditions: list[Condition], *, expected: bool) -> None:
    assert is_true(conditions, ConditionType.READY) is expected


def test_condition_is_found_by_its_type() -> None:
    conditions = [accepted(), ready("True")]
    assert find(conditions, ConditionType.READY) == ready("True")
    assert find(conditions, ConditionType.SUCCEEDED) is None
    assert is_true(conditions, ConditionType.READY)
