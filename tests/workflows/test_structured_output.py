"""Agents whose answers have to fit a schema."""

import json

import pytest

from agents_crds.contract.run import Usage
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema
from tests.standin.control import APPEND
from tests.standin.entries import MessageInput
from tests.standin.faults import AnswerWith, Cut, LoseResponse
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import Bench
from tests.workflows.temporal import scheduled

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = "What was the interest rate in 2023?"
SCHEMA = JsonSchema(
    {
        "type": "object",
        "properties": {"rate": {"type": "number"}, "year": {"type": "integer"}},
        "required": ["rate", "year"],
        "additionalProperties": False,
    }
)
RIGHT = {"rate": 4.25, "year": 2023}
LOOK = ScriptedTurn(steps=(ScriptedCall(call="get_rate", arguments={"year": 2023}),))


def wrong(text: str = "About 4 percent.", *, times: int = 1) -> Scenario:
    """Make the model look, and answer wrongly some times; after that it answers as well as it can."""
    return Scenario(
        scripts=(Script(turns=(LOOK, ScriptedTurn(steps=(ScriptedText(text=text),), repeat=times))),)
    )


def corrections(bench: Bench) -> list[str]:
    """List what the model was told, after the question."""
    entries = (entry for one in bench.standin.conversations() for entry in one.entries)
    said = [str(entry.content) for entry in entries if isinstance(entry, MessageInput)]
    return [each for each in said if each != QUESTION]


async def test_an_answer_that_fits_is_marked_as_such(bench: Bench) -> None:
    agent = await bench.agent("get_rate", schema=SCHEMA)
    outcome = await bench.run(agent, QUESTION)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, 2)
    assert outcome.result.structured
    assert json.loads(outcome.result.text) == RIGHT
    assert corrections(bench) == []


async def test_an_answer_that_does_not_fit_goes_back_with_the_error(bench: Bench) -> None:
    agent = await bench.agent("get_rate", schema=SCHEMA)
    bench.standin.set_scenario(wrong('{"rate": "high", "year": 2023}'))
    handle = await bench.start(agent, QUESTION)
    outcome = await bench.finished(handle)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, 3)
    assert outcome.result.structured
    assert json.loads(outcome.result.text) == RIGHT
    [told] = corrections(bench)
    assert "$.rate: 'high' is not of type 'number'" in told
    assert (await scheduled(handle)).count("append_results") == 2


@pytest.mark.parametrize(("retries", "allowed"), [(0, 5), (2, 5), (10, 3)])
async def test_an_answer_that_never_fits_is_kept_with_the_reason(
    bench: Bench, retries: int, allowed: int
) -> None:
    agent = await bench.agent("get_rate", schema=SCHEMA)
    bench.standin.set_scenario(wrong(times=20))
    handle = await bench.start(agent, QUESTION, output_retries=retries, max_turns=allowed)
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.structured) == (
        Reason.OUTPUT_INVALID,
        "About 4 percent.",
        False,
    )
    assert "does not fit spec.outputSchema: it is not JSON alone" in result.message
    assert len(corrections(bench)) == len(set(corrections(bench))) == min(retries, allowed - 2)


@pytest.mark.parametrize(
    "fault",
    [LoseResponse(), Cut(), AnswerWith(status=200, body="<html>"), AnswerWith(status=429)],
    ids=["answer lost", "request lost", "answer unreadable", "throttled"],
)
async def test_a_correction_without_an_answer_is_said_once(
    bench: Bench, fault: LoseResponse | Cut | AnswerWith
) -> None:
    agent = await bench.agent("get_rate", schema=SCHEMA)
    bench.standin.set_scenario(wrong(times=2))
    for number in (1, 2):
        bench.standin.fail("POST", APPEND, fault, contains=f"(correction {number} of 2)")
    outcome = await bench.run(agent, QUESTION)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, 4)
    assert json.loads(outcome.result.text) == RIGHT
    assert outcome.result.usage != Usage()
    assert len(corrections(bench)) == 2
    counters = bench.standin.counters()
    assert (counters.conversations_created, counters.appends, counters.function_results) == (1, 3, 1)
