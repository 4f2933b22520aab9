"""How an agent starts in a workflow that a developer wrote: when it is ready, and on which build."""

import asyncio
import uuid
from pathlib import Path

import pytest
from mistralai.client import Mistral
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.worker import Replayer

from agents_crds.v1alpha1.conditions import Reason
from agents_worker import AgentResult
from tests.standin.control import StandIn
from tests.standin.scenario import ScriptedCall, ScriptedTurn
from tests.workflows.bench import (
    POOL_QUEUE,
    TOOLS_MODULE,
    Bench,
    bench_tools,
    serving,
    settings_of,
)
from tests.workflows.own_workflows import (
    Ask,
    AskNowhere,
    AskTwice,
    Question,
    Resolving,
    developers_worker,
)
from tests.workflows.parents import DONE, LOOK, agent, children, failure, start
from tests.workflows.test_continue_as_new import short_executions

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_agent_that_is_not_ready_is_waited_for(bench: Bench, resolving: Resolving) -> None:
    name = await agent(bench, resolving, DONE)
    resolving.not_ready = 1
    parent = await start(bench.client, Ask.run, Question(agent=name, text="Look"))
    result: AgentResult = await asyncio.wait_for(parent.result(), 45)
    assert result.text == "Done."
    requests = [each for each in resolving.requests if each.name == name]
    assert len(requests) == 2
    assert len({request.uid for request in requests}) == 1


async def test_an_agent_that_does_not_get_ready_in_time_is_told_with_the_reason(
    bench: Bench, resolving: Resolving
) -> None:
    name = await agent(bench, resolving, DONE)
    resolving.not_ready = 100
    failed = await failure(await start(bench.client, Ask.run, Question(agent=name, text="Look", seconds=2)))
    resolving.not_ready = 0
    assert (failed.type, failed.message) == (
        Reason.AGENT_NOT_READY,
        f"Agent {name}: AgentNotReady: it is being reconciled",
    )


async def test_an_agent_that_is_not_there_is_told_at_once(bench: Bench, resolving: Resolving) -> None:
    failed = await failure(await start(bench.client, Ask.run, Question(agent="nobody", text="Look")))
    assert (failed.type, failed.message) == (
        Reason.AGENT_NOT_FOUND,
        "Agent nobody: AgentNotFound: there is none",
    )
    assert len([each for each in resolving.requests if each.name == "nobody"]) == 1


@pytest.mark.usefixtures("resolving")
async def test_a_workflow_elsewhere_must_say_which_install_it_means(bench: Bench) -> None:
    parent = await start(bench.client, AskNowhere.run, Question(agent="nobody", text="Look"))
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    async with asyncio.timeout(20):
        async for event in parent.fetch_history_events(wait_new_event=True):
            if event.event_type == failed:
                break
    message = event.workflow_task_failed_event_attributes.failure.message
    assert "say which Agent is meant by installation= and namespace=" in message
    await parent.terminate()


async def test_a_long_loop_goes_on_in_a_new_execution_unseen_by_its_workflow(
    standin: StandIn, mistral: Mistral, secrets: Path
) -> None:
    turns = tuple(
        ScriptedTurn(steps=(ScriptedCall(call="get_rate", arguments={"year": year}),)) for year in range(5)
    )
    async with (
        short_executions(standin, mistral, secrets) as bench,
        developers_worker(bench.client, POOL_QUEUE) as resolving,
    ):
        name = await agent(bench, resolving, *turns, DONE)
        parent = await start(bench.client, Ask.run, Question(agent=name, text="Look"))
        result: AgentResult = await asyncio.wait_for(parent.result(), 45)
        [child] = await children(parent)
        described = await bench.client.get_workflow_handle(child).describe()
        first = described.raw_description.workflow_execution_info.first_run_id
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 6)
    assert described.run_id != first


async def test_a_developers_workflow_replays(bench: Bench, resolving: Resolving) -> None:
    name = await agent(bench, resolving, LOOK, DONE)
    parent = await start(bench.client, AskTwice.run, Question(agent=name, text="Look"))
    await asyncio.wait_for(parent.result(), 45)
    replayer = Replayer(workflows=(AskTwice,), data_converter=bench.client.data_converter)
    await replayer.replay_workflow(await parent.fetch_history())


async def test_a_workflow_in_a_pools_image_runs_its_agents_on_its_own_build(
    bench: Bench, resolving: Resolving, secrets: Path
) -> None:
    queue = f"test/ns/pools/{uuid.uuid4().hex[:8]}"
    modules = (TOOLS_MODULE, "tests.workflows.own_workflows")
    one, two = (
        settings_of(secrets, pool_queue=queue, build=build).model_copy(update={"modules": modules})
        for build in ("one", "two")
    )
    name = await agent(bench, resolving, DONE)
    resolving.queue, resolving.not_ready = queue, 1000
    async with serving(bench.client, one, bench_tools()):
        parent = await bench.client.start_workflow(
            Ask.run, Question(agent=name, text="Look"), id=f"order-{uuid.uuid4()}", task_queue=queue
        )
        async with asyncio.timeout(20):
            while all(request.name != name for request in resolving.requests):  # noqa: ASYNC110  # a server
                await asyncio.sleep(0.05)
        async with serving(bench.client, two, bench_tools()):
            resolving.not_ready = 0
            result: AgentResult = await asyncio.wait_for(parent.result(), 45)
    resolving.queue = POOL_QUEUE
    [child] = await children(parent)
    assert result.text == "Done."
    assert [await build_of(bench.client, each) for each in (parent.id, child)] == ["one", "one"]


async def build_of(client: Client, workflow_id: str) -> str:
    described = await client.get_workflow_handle(workflow_id).describe()
    return described.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id
