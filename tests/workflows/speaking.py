"""What tests say to runs that go, and see of them."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from mistralai.client.models import Function, FunctionTool
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionDescription
from temporalio.common import SearchAttributeKey

from agents_crds.contract.asking import ASK_USER_TOOL
from agents_crds.contract.conversion import PayloadSettings
from agents_crds.contract.names import ADD_INPUT_UPDATE, PROGRESS_MEMO, STATE_ATTRIBUTE, USER_INPUT_SIGNAL
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import AgentSnapshot, Limits, LoopInput, UserInput
from agents_crds.contract.transcript import FunctionDefinition
from tests.standin.scenario import ScriptedCall
from tests.workflows.bench import KEY_PATH, Bench, Handle, loop_input
from tests.workflows.temporal import pauses

STATE = SearchAttributeKey.for_keyword(STATE_ATTRIBUTE)


async def say(handle: Handle, id_: str, text: str) -> None:
    """Say something, as the operator does."""
    await handle.signal(USER_INPUT_SIGNAL, UserInput(id=id_, text=text))


async def add(handle: Handle, id_: str, text: str) -> None:
    """Say something, and wait until it is accepted; raises WorkflowUpdateFailedError."""
    await handle.execute_update(ADD_INPUT_UPDATE, UserInput(id=id_, text=text))


@dataclass(frozen=True)
class Seen:
    """What a listing shows of a run."""

    progress: RunProgress | None
    state: str | None


async def seen(handle: Handle) -> Seen:
    """Look at a run as a listing does."""
    return await _seen(await handle.describe())


async def _seen(description: WorkflowExecutionDescription) -> Seen:
    progress = await description.memo_value(PROGRESS_MEMO, None, type_hint=RunProgress)
    return Seen(progress, description.typed_search_attributes.get(STATE))


async def shown(handle: Handle, step: str, message: str = "") -> RunProgress:
    """Wait until a run shows a step, with a message that contains this."""
    async with asyncio.timeout(20):
        while True:
            progress = (await seen(handle)).progress
            if progress is not None and progress.step == step and message in progress.message:
                return progress
            await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Note:
    """What a run told of itself, and how long after its start."""

    at: timedelta
    progress: RunProgress


async def notes(handle: Handle) -> list[Note]:
    """List all that a run told of itself in its memo, as its history has it."""
    events = (await handle.fetch_history()).events
    began, converter, told = events[0].event_time.ToDatetime(), PayloadSettings().data_converter(), []
    for event in events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED:
            memo = event.workflow_properties_modified_event_attributes.upserted_memo.fields
            [progress] = await converter.decode([memo[PROGRESS_MEMO]], [RunProgress])
            told.append(Note(event.event_time.ToDatetime() - began, progress))
    return told


async def paused(handle: Handle) -> None:
    """Wait until a run pauses after a refused call."""
    async with asyncio.timeout(20):
        while not await pauses(handle):  # noqa: ASYNC110  # a server
            await asyncio.sleep(0.05)


def ask(question: str) -> ScriptedCall:
    """Let the model ask a person."""
    return ScriptedCall(call=ASK_USER_TOOL.name, arguments={"question": question})


async def asking(bench: Bench, *tools: str, key_path: str = KEY_PATH) -> AgentSnapshot:
    """Make an agent that may ask a person."""
    agent = await bench.agent(*tools, key_path=key_path)
    offers = [offer for offer in bench.tools.catalogue().tools if offer.name in tools]
    definitions = [
        ASK_USER_TOOL,
        *(
            FunctionDefinition(name=each.name, description=each.description, parameters=each.parameters)
            for each in offers
        ),
    ]
    remote = await bench.mistral.beta.agents.update_async(
        agent_id=agent.remote_id, tools=[_function(each) for each in definitions]
    )
    return agent.model_copy(update={"remote_version": remote.version})


def _function(definition: FunctionDefinition) -> FunctionTool:
    function = Function(
        name=definition.name, description=definition.description, parameters=dict(definition.parameters)
    )
    return FunctionTool(function=function)


def waiting_loop(
    agent: AgentSnapshot,
    *,
    answer_within: timedelta = timedelta(hours=1),
    within: timedelta = timedelta(hours=3),
) -> LoopInput:
    """Make a loop that may wait for a person, on a server that knows the search attribute."""
    limits = Limits(max_turns=20, timeout=within, wait_for_input=answer_within)
    return loop_input(agent, "Go").model_copy(update={"limits": limits, "state_attribute": True})
