"""Long runs, which go on in a new execution when their history has grown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import pytest
from mistralai.client import Mistral
from temporalio.api.enums.v1 import EventType

from agents_crds.contract.entries import HandoffEntry, ToolCallEntry
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.text import RESULTS_LIMIT
from tests.standin.control import StandIn
from tests.standin.scenario import (
    Scenario,
    Script,
    ScriptedCall,
    ScriptedHandoff,
    ScriptedText,
    ScriptedTurn,
)
from tests.workflows.bench import (
    Bench,
    Handle,
    bench_tools,
    loop_input,
    serving,
    settings_of,
    taking_reports,
)
from tests.workflows.temporal import histories_of, temporal_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

TURNS = 4


@asynccontextmanager
async def short_executions(standin: StandIn, mistral: Mistral, secrets: Path) -> AsyncIterator[Bench]:
    """Run a server that suggests a new execution every other turn."""
    async with (
        temporal_server("limit.historyCount.suggestContinueAsNew=20") as client,
        taking_reports(client) as reports,
        serving(client, settings_of(secrets), bench_tools()),
    ):
        yield Bench(client, standin, mistral, reports, secrets, bench_tools())


async def executions_of(bench: Bench, handle: Handle) -> int:
    """Count the executions of a run that is over."""
    return len(await histories_of(bench.client, handle))


async def test_a_long_run_goes_on_in_a_new_execution(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    look = ScriptedTurn(
        steps=(ScriptedText(text="I look."), ScriptedCall(call="get_rate", arguments={"year": 2023})),
        repeat=TURNS - 1,
    )
    standin.set_scenario(Scenario(scripts=(Script(turns=(look,)),)))
    async with short_executions(standin, mistral, secrets) as bench:
        handle = await bench.start(await bench.agent("get_rate"), "Go on", max_turns=TURNS)
        outcome = await bench.finished(handle)
        first = bench.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
        events = (await first.fetch_history()).events
        description = await handle.describe()
    assert events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    assert description.run_id != handle.first_execution_run_id
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, TURNS)
    counters = standin.counters()
    assert (counters.conversations_created, counters.appends) == (1, TURNS - 1)
    assert outcome.result.usage.total_tokens == sum(c.total_tokens for c in counters.conversations.values())
    assert outcome.started_at < events[3].event_time.ToDatetime(tzinfo=UTC)


async def test_a_new_execution_knows_who_has_the_floor_and_what_happened(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    async with short_executions(standin, mistral, secrets) as bench:
        desk, rates = await bench.agent("get_rate", name="desk"), await bench.agent("get_rate", name="rates")
        desk, rates = await bench.linked(desk, rates), await bench.linked(rates, desk)

        def look(year: int) -> ScriptedTurn:
            return ScriptedTurn(steps=(ScriptedCall(call="get_rate", arguments={"year": year}),))

        over, back = (
            ScriptedTurn(steps=(ScriptedHandoff(handoff=agent.remote_id),)) for agent in (rates, desk)
        )
        done = ScriptedTurn(steps=(ScriptedText(text="Done."),))
        of_desk = (look(1), over, look(3), over, look(5), done)
        of_rates = (look(2), back, look(4), back)
        standin.set_scenario(
            Scenario(
                scripts=(
                    Script(agent=bench.remote_name("desk"), turns=of_desk),
                    Script(agent=bench.remote_name("rates"), turns=of_rates),
                )
            )
        )
        handle = await bench.start_loop(loop_input(desk, "Go on", rates))
        result = (await bench.finished(handle)).result
        assert await executions_of(bench, handle) >= 2
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 6)
    assert result.path == ("desk", "rates", "desk", "rates", "desk")
    assert [(agent.agent, agent.turns) for agent in result.agents] == [("desk", 4), ("rates", 2)]
    assert result.agents[0].usage + result.agents[1].usage == result.usage
    assert result.usage.total_tokens == sum(c.total_tokens for c in standin.counters().conversations.values())
    told = [
        entry.agent if isinstance(entry, ToolCallEntry) else entry.to
        for entry in result.entries
        if isinstance(entry, ToolCallEntry | HandoffEntry)
    ]
    assert told == ["desk", "rates", "rates", "desk", "desk", "rates", "rates", "desk", "desk"]
    assert len(result.entries) == 10


async def test_a_new_execution_begins_although_the_results_alone_would_leave_it_no_room(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    read = ScriptedTurn(
        steps=(ScriptedCall(call="novel", arguments={"letters": RESULTS_LIMIT // 2}),), repeat=3
    )
    done = ScriptedTurn(steps=(ScriptedText(text="Done."),))
    standin.set_scenario(Scenario(scripts=(Script(turns=(read, done)),)))
    async with short_executions(standin, mistral, secrets) as bench:
        handle = await bench.start(await bench.agent("novel"), "x" * 950_000)
        result = (await bench.finished(handle)).result
        assert await executions_of(bench, handle) >= 2
        assert any(len(text.encode()) < RESULTS_LIMIT - 1000 for text in bench.results())
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 4)
