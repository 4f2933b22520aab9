"""What is sent for a spec, and when its hash changes."""

import pytest

from agents_crds.v1alpha1 import ObjectMeta
from agents_operator.agents.definition import desired_agent, require_distinct_tools
from agents_operator.errors import Stalled
from tests.unit.operator.agents.samples import RATE, agent, desired


@pytest.mark.parametrize(
    "spec",
    [
        {"model": "small"},
        {"instructions": "Be verbose."},
        {"instructions": None},
        {"description": "Answers questions."},
        {"completion": {"temperature": 0.1}},
        {"completion": {"stop": ["END"]}},
        {"completion": {"toolChoice": "any"}},
        {"outputSchema": {"type": "object"}},
    ],
)
def test_hash_changes_with_what_is_sent(spec: dict[str, object]) -> None:
    assert desired(**spec).hash != desired().hash


@pytest.mark.parametrize(
    "spec",
    [
        {"limits": {"maxTurns": 3, "maxTotalTokens": 9, "outputRetries": 0}},
        {"deletionPolicy": "Retain"},
        {"providerRef": {"name": "other"}},
        {"completion": {}},
        {"completion": {"toolChoice": "auto"}},
    ],
)
def test_hash_does_not_change_with_what_is_not_sent(spec: dict[str, object]) -> None:
    assert desired(**spec).hash == desired().hash


def test_hash_changes_with_a_tools_description_and_parameters() -> None:
    for change in ({"description": "Other."}, {"parameters": {"type": "object"}}):
        changed = RATE.model_copy(update=change)
        assert desired_agent(agent(), (changed,), installation="tests").hash != desired().hash
    slower = RATE.model_copy(update={"idempotent": True})
    assert desired_agent(agent(), (slower,), installation="tests").hash == desired().hash


def test_recreated_agent_wants_the_same_but_for_its_uid() -> None:
    again = agent().model_copy(
        update={"metadata": ObjectMeta(name="finance", namespace="team-a", uid="uid-2", generation=1)}
    )
    second = desired_agent(again, (RATE,), installation="tests")
    assert (second.hash, second.definition, second.identity) == (
        desired().hash,
        desired().definition,
        desired().identity,
    )
    assert second.stamp.uid == "uid-2"


def test_tools_of_one_name_are_refused_with_both_places() -> None:
    names = ("get_rate", "get_time", "get_rate")
    twice = agent(tools=[{"function": {"name": name}} for name in names])
    with pytest.raises(Stalled, match=r"spec.tools\[0\] and spec.tools\[2\] are both named get_rate"):
        require_distinct_tools(twice.spec)
    require_distinct_tools(agent().spec)


def test_output_schema_is_sent_as_the_response_format() -> None:
    schema = {"type": "object", "properties": {"rate": {"type": ["number", "null"], "default": None}}}
    assert desired(outputSchema=schema).definition.completion.response_format == {
        "type": "json_schema",
        "json_schema": {"name": "output", "schema": schema, "strict": True},
    }
