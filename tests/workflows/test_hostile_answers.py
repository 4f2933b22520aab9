"""Answers that no provider should give: each ends the run as it should, and none keeps it for ever."""

import pytest

from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.calls import MOST_CALLS
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedStep, ScriptedText, ScriptedTurn
from tests.workflows.bench import Bench
from tests.workflows.temporal import scheduled

pytestmark = pytest.mark.asyncio(loop_scope="session")


def script(*turns: tuple[ScriptedStep, ...]) -> Scenario:
    return Scenario(scripts=(Script(turns=tuple(ScriptedTurn(steps=steps) for steps in turns)),))


async def test_more_calls_than_temporal_takes_at_once_are_told_to_come_again(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    calls = tuple(ScriptedCall(call="get_rate", arguments={"year": year}) for year in range(2100))
    bench.standin.set_scenario(script(calls, (ScriptedText(text="Done."),)))
    handle = await bench.start(agent, "Look")
    result = (await bench.finished(handle)).result
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 2)
    assert (await scheduled(handle)).count("call_tool") == MOST_CALLS
    results = bench.results()
    assert len(results) == len(calls)
    assert all("get_rate was not called" in text for text in results[MOST_CALLS:])
    assert not any("was not called" in text for text in results[:MOST_CALLS])


async def test_thousands_of_entries_are_told_by_the_latest(bench: Bench) -> None:
    agent = await bench.agent()
    said = tuple(ScriptedText(text=str(number)) for number in range(5000))
    bench.standin.set_scenario(script(said))
    result = (await bench.run(agent, "Count")).result
    assert result.reason == Reason.SUCCEEDED
    assert result.text.endswith("4998\n\n4999")
    assert len(result.entries) + result.entries_omitted == len(said)
    assert result.entries_omitted > 0
