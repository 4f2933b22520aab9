import pytest

from tools.local.observed import (
    Condition,
    Failed,
    Metadata,
    Name,
    Object,
    Reached,
    Standing,
    Status,
    Waiting,
    named_manifests,
    standing,
)


def condition(kind: str, status: str, reason: str = "Why") -> Condition:
    return Condition(type=kind, status=status, reason=reason, message="words")


@pytest.mark.parametrize(
    ("kind", "conditions", "expected"),
    [
        ("Agent", (), Waiting("not seen by the operator yet")),
        ("Agent", (condition("Ready", "True"),), Reached("Ready=True Why: words")),
        ("Agent", (condition("Ready", "False"),), Waiting("Ready=False Why: words")),
        ("AgentRun", (condition("Succeeded", "Unknown"),), Waiting("Succeeded=Unknown Why: words")),
        ("AgentRun", (condition("Succeeded", "False"),), Failed("Succeeded=False Why: words")),
        ("AgentRun", (condition("Ready", "True"),), Waiting("not seen by the operator yet")),
    ],
)
def test_standing_tells_waiting_reached_and_failed_apart(
    kind: str, conditions: tuple[Condition, ...], expected: Standing
) -> None:
    found = Object(kind=kind, metadata=Metadata(name="x"), status=Status(conditions=conditions))
    assert standing(found.name, found) == expected


def test_object_that_is_not_there_is_waited_for() -> None:
    assert standing(Name("Agent", "default", "x"), None) == Waiting("not there yet")


def test_examples_with_a_generated_name_are_left_to_kubectl_create() -> None:
    documents: list[object] = [
        {"kind": "Agent", "metadata": {"name": "a"}, "spec": {}},
        None,
        {"kind": "AgentRun", "metadata": {"generateName": "a-"}},
    ]
    manifests = named_manifests(documents)
    assert [each.name for each in manifests] == [Name("Agent", "default", "a")]
    assert manifests[0].document == documents[0]
