"""Models that go round in circles or use up what they may."""

import pytest

from agents_crds.v1alpha1.conditions import Reason
from agents_worker.workflows.repetition import STOPPED_AFTER, TOLD_AFTER
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import Bench

pytestmark = pytest.mark.asyncio(loop_scope="session")


def looking(*, times: int, tool: str = "get_rate", **arguments: int) -> Scenario:
    """Make the model call one tool over and over, with the same arguments."""
    look = ScriptedTurn(
        steps=(ScriptedText(text="I look."), ScriptedCall(call=tool, arguments={**arguments})), repeat=times
    )
    return Scenario(scripts=(Script(turns=(look,)),))


async def test_a_model_that_goes_round_in_circles_is_told_once_and_then_stopped(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(looking(times=50, year=2023))
    outcome = await bench.run(agent, "Look", max_turns=50)
    result = outcome.result
    assert (result.reason, result.turns) == (Reason.STUCK_IN_LOOP, STOPPED_AFTER)
    assert result.text == "\n\n".join(["I look."] * STOPPED_AFTER)
    assert "called get_rate with the same arguments" in result.message
    told = [
        said.startswith("4.25\n\n[Note: you have now made exactly the same calls") for said in bench.results()
    ]
    assert told == [number == TOLD_AFTER for number in range(1, STOPPED_AFTER)]


async def test_a_model_that_heeds_what_it_is_told_goes_on(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    bench.standin.set_scenario(looking(times=STOPPED_AFTER - 1, year=2023))
    outcome = await bench.run(agent, "Look", max_turns=50)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, STOPPED_AFTER)


async def test_a_polling_tool_may_be_called_again_and_again(bench: Bench) -> None:
    agent = await bench.agent("is_ready")
    bench.standin.set_scenario(looking(times=STOPPED_AFTER + 2, tool="is_ready", job=7))
    outcome = await bench.run(agent, "Wait", max_turns=50)
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, STOPPED_AFTER + 3)
    assert bench.results() == ["false"] * (STOPPED_AFTER + 2)


async def test_no_model_is_called_once_the_tokens_are_used_up(bench: Bench) -> None:
    agent = await bench.agent("get_rate")
    turns = tuple(
        ScriptedTurn(
            steps=(
                ScriptedText(text=f"Look {year}."),
                ScriptedCall(call="get_rate", arguments={"year": year}),
            ),
            prompt_tokens=30,
            completion_tokens=10,
        )
        for year in (2021, 2022, 2023)
    )
    bench.standin.set_scenario(Scenario(scripts=(Script(turns=turns),)))
    outcome = await bench.finished(await bench.start(agent, "Look", max_total_tokens=60))
    result = outcome.result
    assert (result.reason, result.turns, result.usage.total_tokens) == (Reason.BUDGET_EXCEEDED, 2, 80)
    assert result.text == "Look 2021.\n\nLook 2022."
    assert "after 80 tokens: limits.maxTotalTokens is 60" in result.message
    counters = bench.standin.counters()
    assert (counters.conversations_created, counters.appends) == (1, 1)
    # The second turn's tool would have worked for nobody.
    assert len(bench.results()) == 1
