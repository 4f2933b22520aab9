"""Histories that a follower must bear: reset in Temporal, with what strangers sent, or with parts missing."""

import asyncio
import uuid
from pathlib import Path

import pytest
from mistralai.client import Mistral
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.common import RawValue

from agents_crds.contract.conversion import PayloadSettings
from agents_crds.contract.names import USER_INPUT_SIGNAL
from agents_crds.contract.run import UserInput
from agents_crds.contract.store import Directory
from agents_operator.temporal.histories import NoResultError
from tests.standin.control import APPEND, START, StandIn
from tests.standin.scenario import (
    ScriptedCall,
    ScriptedTurn,
)
from tests.workflows.bench import Bench
from tests.workflows.stores import bench_with
from tests.workflows.test_following import DONE, LOOK, acting, story, told

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEP = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


async def test_a_run_that_is_reset_is_told_again_and_to_its_end(bench: Bench) -> None:
    loop = await acting(bench, LOOK, DONE)
    held = bench.standin.hold("POST", START, times=1)
    handle = await bench.start_loop(loop)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    steps = [event async for event in handle.fetch_history_events() if event.event_type == STEP]
    await bench.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=bench.client.namespace,
            workflow_execution=WorkflowExecution(
                workflow_id=handle.id, run_id=handle.first_execution_run_id or ""
            ),
            reason="again",
            workflow_task_finish_event_id=steps[-1].event_id,
            request_id=str(uuid.uuid4()),
        )
    )
    bench.standin.release(held)
    found = story(await told(bench, handle))
    assert [each[1] for each in found] == [
        *("began", "trouble", "began", "trouble", "called", "result", "said", "ended")
    ]
    assert found[1][2] == "the workflow was reset in Temporal, and is told from its start"
    assert found[3][2] == "the workflow was reset to this step in Temporal"
    assert found[-1][2] == "Succeeded"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(["Hurry"], id="a text"),
        pytest.param([], id="nothing"),
        pytest.param([None], id="null"),
        pytest.param([b"Hurry"], id="bytes"),
        pytest.param([RawValue(Payload(metadata={"encoding": b"odd"}))], id="another encoding"),
        pytest.param([UserInput(id="one", text="Hurry"), 7], id="too much"),
    ],
)
async def test_signals_that_are_no_input_stop_neither_the_run_nor_who_follows_it(
    sent: list[object], bench: Bench
) -> None:
    loop = await acting(bench, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND, times=1)
    handle = await bench.start_loop(loop)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await handle.signal(USER_INPUT_SIGNAL, args=sent)
    bench.standin.release(held)
    await bench.finished(handle)
    assert story(await told(bench, handle))[-1][2] == "Succeeded"


async def test_a_workflow_that_runs_no_agent_is_refused_with_what_to_follow(bench: Bench) -> None:
    handle = await bench.client.start_workflow("Nothing", id=f"none-{uuid.uuid4()}", task_queue="nobody")
    with pytest.raises(NoResultError, match="is of type Nothing, which runs no agent itself: follow its"):
        await told(bench, handle)
    await handle.terminate()


async def test_what_was_deleted_from_the_store_is_missing_and_the_rest_is_told(
    standin: StandIn, mistral: Mistral, secrets: Path, tmp_path: Path
) -> None:
    async with bench_with(PayloadSettings(place=Directory(tmp_path)), standin, mistral, secrets) as bench:
        loud = ScriptedTurn(steps=(ScriptedCall(call="noise", arguments={"size": 1_000_000}),))
        handle = await bench.start_loop(await acting(bench, loud, DONE, tools=("noise",)))
        await bench.finished(handle)
        _empty(tmp_path)
        found = story(await told(bench, handle))
    assert (1, "result", "noise", "it can no longer be read", False) in found
    assert found[-1][2] == "Succeeded"


def _empty(store: Path) -> None:
    """Delete what a store holds; one with nothing at all would be taken for another."""
    for file in store.rglob("*"):
        if file.is_file():
            file.unlink()
    (store / "other").write_text("of another run")
