"""What one attempt of a tool's call leaves to the next, on a real Temporal."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from agents_worker import ToolContext, tool
from agents_worker.activities.beat import HeartbeatsFromThreads
from agents_worker.activities.room import Room
from agents_worker.activities.tools import ToolCalls
from agents_worker.messages import CALL_TOOL, ToolCall, ToolResult
from agents_worker.tools.definition import define_tool
from agents_worker.tools.offer import Tools

pytestmark = pytest.mark.asyncio(loop_scope="session")


@tool(idempotent=True)
async def copy_rows(context: ToolContext) -> str:
    """Copy rows, of which an attempt manages three before it hangs."""
    done = context.progress[0] if context.progress else 0
    if done == 0:
        context.heartbeat(3)
        await asyncio.Event().wait()
    return f"attempt {context.attempt} went on after {done} rows, {context.idempotency_key}"


@workflow.defn
class CallTwice:
    @workflow.run
    async def run(self, call: ToolCall) -> ToolResult:
        result: ToolResult = await workflow.execute_activity(
            CALL_TOOL,
            call,
            result_type=ToolResult,
            # Longer than the time between two beats in the background, which have nothing to tell.
            start_to_close_timeout=timedelta(seconds=5),
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_attempts=2),
        )
        return result


async def test_an_attempt_goes_on_where_the_one_before_was_lost(temporal: Client) -> None:
    found = define_tool(copy_rows)
    assert found is not None
    queue = f"test/{uuid.uuid4()}"
    with ThreadPoolExecutor(1) as threads:
        calls = ToolCalls(Tools((found,)), threads, Room())
        async with Worker(
            temporal,
            task_queue=queue,
            activities=[calls.call_tool],
            workflows=[CallTwice],
            workflow_runner=UnsandboxedWorkflowRunner(),
            interceptors=[HeartbeatsFromThreads()],
            max_heartbeat_throttle_interval=timedelta(seconds=1),
        ):
            call = ToolCall(name="copy_rows", arguments="{}", tool_call_id="c1")
            result = await temporal.execute_workflow(CallTwice.run, call, id=queue, task_queue=queue)
    assert result.text.startswith("attempt 2 went on after 3 rows, ")
