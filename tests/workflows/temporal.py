"""A real Temporal server for the tests, and what they ask it."""

import asyncio
import shutil
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.common import PinnedVersioningOverride, SearchAttributeKey, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from agents_crds.contract.conversion import PayloadSettings
from agents_crds.contract.names import DESCRIBE_TOOLS_WORKFLOW, STATE_ATTRIBUTE
from agents_crds.contract.tools import ToolCatalogue


@asynccontextmanager
async def temporal_server(
    *dynamic_config: str, identity: str | None = None, payloads: PayloadSettings | None = None
) -> AsyncIterator[Client]:
    """Run a development server for the length of the block."""
    # By default each hop of a task waits up to 50 ms on a server with one shard, and each timer up to 1 s.
    config = (
        "history.transferProcessorMaxPollRPS=1000",
        'history.timerProcessorMaxTimeShift="10ms"',
        *dynamic_config,
    )
    async with await WorkflowEnvironment.start_local(
        data_converter=(payloads or PayloadSettings()).data_converter(),
        identity=identity,
        search_attributes=(SearchAttributeKey.for_keyword(STATE_ATTRIBUTE),),
        dev_server_existing_path=_binary(),
        dev_server_extra_args=[part for value in config for part in ("--dynamic-config-value", value)],
    ) as environment:
        yield environment.client


async def make_current(client: Client, deployment: str, build: str) -> None:
    """Send new runs to a build, whether its workers are there already or not."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=deployment,
            build_id=build,
            ignore_missing_task_queues=True,
            allow_no_pollers=True,
            identity="test",
        ),
        retry=True,
        timeout=timedelta(seconds=10),
    )


async def describe_tools(client: Client, queue: str, deployment: str, build: str) -> ToolCatalogue:
    """Ask a build for its tools, as the operator does: again until its workers have polled."""
    pinned = PinnedVersioningOverride(WorkerDeploymentVersion(deployment, build))
    async with asyncio.timeout(30):
        while True:
            try:
                catalogue: ToolCatalogue = await client.execute_workflow(
                    DESCRIBE_TOOLS_WORKFLOW,
                    id=f"test/ns/probes/{uuid.uuid4()}",
                    task_queue=queue,
                    result_type=ToolCatalogue,
                    versioning_override=pinned,
                )
            except RPCError as error:
                if error.status != RPCStatusCode.FAILED_PRECONDITION:
                    raise
                await asyncio.sleep(0.05)
            else:
                return catalogue


async def histories_of(client: Client, handle: WorkflowHandle[Any, Any]) -> list[WorkflowHistory]:
    """List the histories of a workflow's executions, the first one first."""
    found, run_id = list[WorkflowHistory](), handle.first_execution_run_id
    while run_id:
        found.append(await client.get_workflow_handle(handle.id, run_id=run_id).fetch_history())
        last = found[-1].events[-1]
        run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
    return found


async def pauses(handle: WorkflowHandle[Any, Any]) -> list[timedelta]:
    """List how long a workflow meant to wait for something, each time; its other timers have no summary."""
    events = (await handle.fetch_history()).events
    started = (e for e in events if e.event_type == EventType.EVENT_TYPE_TIMER_STARTED)
    return [
        e.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        for e in started
        if e.user_metadata.HasField("summary")
    ]


async def scheduled(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """List the activities that a workflow scheduled, by type."""
    events = (await handle.fetch_history()).events
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    return [
        e.activity_task_scheduled_event_attributes.activity_type.name for e in events if e.event_type == kind
    ]


async def queues_of(handle: WorkflowHandle[Any, Any], kind: str) -> list[str]:
    """List the queues of a workflow's activities of one type, in order."""
    events = (await handle.fetch_history()).events
    scheduled = (
        e.activity_task_scheduled_event_attributes
        for e in events
        if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    )
    return [each.task_queue.name for each in scheduled if each.activity_type.name == kind]


async def failure_seen(handle: WorkflowHandle[Any, Any], part: str) -> None:
    """Wait until an activity of a workflow failed with a message that contains `part`."""
    async with asyncio.timeout(20):
        while not any(part in message for message in await _failures(handle)):  # noqa: ASYNC110  # a server
            await asyncio.sleep(0.05)


async def _failures(handle: WorkflowHandle[Any, Any]) -> list[str]:
    events = (await handle.fetch_history()).events
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED
    return [e.activity_task_failed_event_attributes.failure.message for e in events if e.event_type == kind]


def _binary() -> str:
    beside_python = Path(sys.executable).with_name("temporal")
    found = str(beside_python) if beside_python.exists() else shutil.which("temporal")
    assert found, "the temporal server's binary is missing: install the development dependencies"
    return found
