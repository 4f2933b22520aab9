"""What is sent for a spec, and when its hash changes."""

import pytest

from agents_crds.v1alpha1 import ObjectMeta
from agents_crds.v1alpha1.agent import LinkedAgent
from agents_operator.agents.definition import Parts, desired_agent
from tests.unit.operator.agents.samples import RATE, agent, desired, with_tool


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
        assert with_tool(agent(), changed).hash != desired().hash
    slower = RATE.model_copy(update={"idempotent": True})
    assert with_tool(agent(), slower).hash == desired().hash


def test_recreated_agent_wants_the_same_but_for_its_uid() -> None:
    again = agent().model_copy(
        update={"metadata": ObjectMeta(name="finance", namespace="team-a", uid="uid-2", generation=1)}
    )
    second = with_tool(again, RATE)
    assert (second.hash, second.definition, second.identity) == (
        desired().hash,
        desired().definition,
        desired().identity,
    )
    assert second.stamp.uid == "uid-2"


def test_upgrade_changes_no_hash_of_what_could_be_asked_for_before() -> None:
    """Or each agent would get a version for nothing; the values are those of the first release."""
    assert desired().hash == "7f7e0f708b424557594e95d157a659bb"
    full = desired(
        description="Answers questions.",
        completion={"temperature": 0.3, "stop": ["END"]},
        outputSchema={"type": "object"},
    )
    assert full.hash == "85904071936dbff757fb15aa0b4098ce"


def test_hash_changes_with_the_agents_that_are_handed_off_to() -> None:
    def handing_off_to(*ids: str) -> str:
        links = tuple(LinkedAgent(name="other", id=agent_id) for agent_id in ids)
        return desired_agent(agent(), Parts("large", handoffs=links), installation="tests").hash

    assert len({handing_off_to(), handing_off_to("ag_1"), handing_off_to("ag_2")}) == 3


def test_output_schema_is_sent_as_the_response_format() -> None:
    schema = {"type": "object", "properties": {"rate": {"type": ["number", "null"], "default": None}}}
    assert desired(outputSchema=schema).definition.completion.response_format == {
        "type": "json_schema",
        "json_schema": {"name": "output", "schema": schema, "strict": True},
    }
