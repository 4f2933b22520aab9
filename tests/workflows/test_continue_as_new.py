"""Long runs, which go on in a new execution when their history has grown."""

from datetime import UTC
from pathlib import Path

import pytest
from mistralai.client import Mistral
from temporalio.api.enums.v1 import EventType

from agents_crds.v1alpha1.conditions import Reason
from tests.standin.control import StandIn
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import Bench, bench_tools, serving, settings_of, taking_reports
from tests.workflows.temporal import temporal_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

TURNS = 4


async def test_a_long_run_goes_on_in_a_new_execution(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    look = ScriptedTurn(
        steps=(ScriptedText(text="I look."), ScriptedCall(call="get_rate", arguments={"year": 2023})),
        repeat=TURNS - 1,
    )
    standin.set_scenario(Scenario(scripts=(Script(turns=(look,)),)))
    async with (
        temporal_server("limit.historyCount.suggestContinueAsNew=20") as client,
        taking_reports(client) as reports,
        serving(client, settings_of(secrets), bench_tools()),
    ):
        bench = Bench(client, standin, mistral, reports, secrets, bench_tools())
        handle = await bench.start(await bench.agent("get_rate"), "Go on", max_turns=TURNS)
        outcome = await bench.finished(handle)
        first = client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
        events = (await first.fetch_history()).events
        description = await handle.describe()
    assert events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    assert description.run_id != handle.first_execution_run_id
    assert (outcome.result.reason, outcome.result.turns) == (Reason.SUCCEEDED, TURNS)
    counters = standin.counters()
    assert (counters.conversations_created, counters.appends) == (1, TURNS - 1)
    assert outcome.result.usage.total_tokens == sum(c.total_tokens for c in counters.conversations.values())
    assert outcome.started_at < events[3].event_time.ToDatetime(tzinfo=UTC)
