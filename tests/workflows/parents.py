"""Workflows of a developer's own that run agents, and how they are started and looked at."""

import asyncio
import uuid
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from agents_crds.contract.run import LoopResult
from tests.standin.control import APPEND
from tests.standin.scenario import Scenario, Script, ScriptedCall, ScriptedText, ScriptedTurn
from tests.workflows.bench import (
    Bench,
    loop_input,
)
from tests.workflows.own_workflows import (
    OWN_QUEUE,
    Ask,
    Question,
    Resolving,
)

LOOK = ScriptedTurn(steps=(ScriptedCall(call="get_rate", arguments={"year": 2023}),))
DONE = ScriptedTurn(steps=(ScriptedText(text="Done."),))
Parent = WorkflowHandle[Any, Any]


async def agent(bench: Bench, resolving: Resolving, *turns: ScriptedTurn) -> str:
    """Make an agent that acts by a script, and let the operator know it by a name that is its own."""
    name = f"agent-{uuid.uuid4().hex[:8]}"
    bench.standin.set_scenario(Scenario(scripts=(Script(turns=turns),)))
    resolving.loops[name] = loop_input(await bench.agent("get_rate", name=name), "Look")
    return name


async def start(client: Client, workflow: Any, question: Question) -> Parent:
    return await client.start_workflow(workflow, question, id=f"order-{uuid.uuid4()}", task_queue=OWN_QUEUE)


async def children(parent: Parent) -> list[str]:
    """List the children that a workflow has started, by their ids."""
    started = EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED
    return [
        event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
        async for event in parent.fetch_history_events()
        if event.event_type == started
    ]


async def failure(parent: Parent) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(parent.result(), 45)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause


async def result_of(client: Client, child: str) -> LoopResult:
    handle = client.get_workflow_handle(child, result_type=LoopResult)
    return await asyncio.wait_for(handle.result(), 45)


async def held_in_the_middle(bench: Bench, resolving: Resolving) -> tuple[Parent, str]:
    """Start a workflow whose agent has called its tool, and waits for the model; return it and its child."""
    name = await agent(bench, resolving, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND)
    parent = await start(bench.client, Ask.run, Question(agent=name, text="Look"))
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    [child] = await children(parent)
    return parent, child
