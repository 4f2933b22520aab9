"""The tool by which a model asks a person."""

import pytest

from agents_crds.contract.asking import ASK_USER_TOOL, asked_question
from agents_operator.mistral import FunctionDefinition, RemoteTool
from tests.standin.control import StandIn
from tests.unit.operator.agents.account import SYNCED, only
from tests.unit.operator.bench import Bench


async def test_agent_that_may_ask_is_given_the_tool_and_loses_it_with_the_limit(
    bench: Bench, standin: StandIn
) -> None:
    await bench.add_agent(limits={"waitForInput": "1h"})
    await bench.reconcile()
    tools = RemoteTool.model_validate(only(standin).current.tools[-1].model_dump(mode="json"))
    assert tools.function == FunctionDefinition(**dict(ASK_USER_TOOL))
    assert await bench.conditions() == SYNCED
    await bench.edit(limits={"waitForInput": None})
    await bench.reconcile()
    assert "ask_user" not in only(standin).current.model_dump_json()


async def test_how_long_is_waited_is_no_new_version(bench: Bench, standin: StandIn) -> None:
    await bench.add_agent(limits={"waitForInput": "1h"})
    await bench.reconcile()
    await bench.edit(limits={"waitForInput": "2h"})
    await bench.reconcile()
    assert standin.counters().agents_updated == 0


@pytest.mark.parametrize("kept", ["Remote", "Local"])
async def test_tool_of_that_name_is_refused(bench: Bench, kept: str) -> None:
    await bench.add_agent(
        session=kept, tools=[{"function": {"name": "ask_user"}}], limits={"waitForInput": "1h"}
    )
    await bench.reconcile()
    assert (await bench.conditions())["Accepted"] == "False DuplicateTool"
    note = (await bench.events())["DuplicateTool"]
    assert "spec.tools[0] and spec.limits.waitForInput are both named ask_user" in note


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        ('{"question": "Which bank?"}', "Which bank?"),
        ('{"question": " Which bank?\\n", "why": 1}', "Which bank?"),
        ('{"question": " "}', None),
        ('{"question": 7}', None),
        ("{}", None),
        ("Which bank?", None),
        ("", None),
    ],
)
def test_question_is_read_from_what_the_model_wrote(arguments: str, question: str | None) -> None:
    assert asked_question(arguments) == question
