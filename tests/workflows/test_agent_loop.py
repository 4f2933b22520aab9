"""The loop as a child of a workflow that a developer wrote."""

import asyncio

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import CancelledError

from agents_crds.contract.names import AGENT_LOOP_WORKFLOW, UID_KEY, RunIdentity
from agents_crds.v1alpha1.conditions import Reason
from agents_worker import AgentResult
from tests.standin.control import APPEND, START
from tests.workflows.bench import (
    Bench,
)
from tests.workflows.own_workflows import (
    NAMESPACE,
    Ask,
    AskTwice,
    Question,
    Resolving,
    Talk,
    TalkTooLate,
)
from tests.workflows.parents import (
    DONE,
    LOOK,
    Parent,
    agent,
    children,
    failure,
    held_in_the_middle,
    result_of,
    start,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_workflow_gets_what_the_agent_answered(bench: Bench, resolving: Resolving) -> None:
    name = await agent(bench, resolving, LOOK, DONE)
    parent = await start(bench.client, Ask.run, Question(agent=name, text="Look"))
    result: AgentResult = await asyncio.wait_for(parent.result(), 45)
    assert (result.reason, result.text, result.turns) == (Reason.SUCCEEDED, "Done.", 2)
    assert result.usage.total_tokens > 0
    [request] = [each for each in resolving.requests if each.name == name]
    assert (request.namespace, request.input, request.max_turns) == (NAMESPACE, "Look", 7)
    # Nobody has decided yet whether its trace is told.
    assert request.begins_trace
    [child] = await children(parent)
    assert child == request.uid
    assert RunIdentity.of_workflow(child) is None
    described = await bench.client.get_workflow_handle(child).describe()
    assert (described.workflow_type, described.status) == (
        AGENT_LOOP_WORKFLOW,
        WorkflowExecutionStatus.COMPLETED,
    )
    [conversation] = bench.standin.conversations()
    assert conversation.metadata == {UID_KEY: child}


async def test_a_failed_agent_fails_its_workflow_with_the_reason(bench: Bench, resolving: Resolving) -> None:
    name = await agent(bench, resolving, *(LOOK,) * 8)
    failed = await failure(await start(bench.client, Ask.run, Question(agent=name, text="Look")))
    assert failed.type == Reason.STUCK_IN_LOOP
    assert failed.message.startswith(f"Agent {name}: StuckInLoop: ")


async def test_a_workflow_that_does_not_check_gets_the_result_of_a_failed_agent(
    bench: Bench, resolving: Resolving
) -> None:
    name = await agent(bench, resolving, *(LOOK,) * 8)
    parent = await start(bench.client, Ask.run, Question(agent=name, text="Look", check=False))
    result: AgentResult = await asyncio.wait_for(parent.result(), 45)
    assert (result.reason, result.turns) == (Reason.STUCK_IN_LOOP, 5)


async def test_a_cancelled_workflow_cancels_its_agent_which_says_so(
    bench: Bench, resolving: Resolving
) -> None:
    name = await agent(bench, resolving, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND)
    parent = await start(bench.client, Ask.run, Question(agent=name, text="Look"))
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await parent.cancel()
    with pytest.raises(WorkflowFailureError) as cancelled:
        await asyncio.wait_for(parent.result(), 45)
    assert isinstance(cancelled.value.cause, CancelledError)
    [child] = await children(parent)
    result = await result_of(bench.client, child)
    assert (result.reason, result.turns) == (Reason.CANCELLED, 1)


async def test_an_agent_that_is_cancelled_alone_fails_its_workflow(
    bench: Bench, resolving: Resolving
) -> None:
    parent, child = await held_in_the_middle(bench, resolving)
    await bench.client.get_workflow_handle(child).cancel()
    assert (await failure(parent)).type == Reason.CANCELLED


async def test_an_agent_that_is_terminated_fails_its_workflow(bench: Bench, resolving: Resolving) -> None:
    parent, child = await held_in_the_middle(bench, resolving)
    await bench.client.get_workflow_handle(child).terminate()
    assert (await failure(parent)).type == Reason.TERMINATED


async def test_a_terminated_workflow_leaves_no_agent_behind(bench: Bench, resolving: Resolving) -> None:
    parent, child = await held_in_the_middle(bench, resolving)
    await parent.terminate()
    assert (await result_of(bench.client, child)).reason is Reason.CANCELLED


async def test_two_agents_run_at_once(bench: Bench, resolving: Resolving) -> None:
    name = await agent(bench, resolving, DONE)
    held = bench.standin.hold("POST", START, times=2)
    parent = await start(bench.client, AskTwice.run, Question(agent=name, text="Look"))
    await asyncio.to_thread(bench.standin.wait_until_held, held, at_least=2)
    bench.standin.release(held)
    assert await asyncio.wait_for(parent.result(), 45) == ["Done.", "Done."]


async def test_a_cancelled_workflow_can_still_run_an_agent_to_clean_up(
    bench: Bench, resolving: Resolving
) -> None:
    name = await agent(bench, resolving, DONE)
    held = bench.standin.hold("POST", START, times=2)
    parent = await start(bench.client, AskTwice.run, Question(agent=name, text="Look"))
    await asyncio.to_thread(bench.standin.wait_until_held, held, at_least=2)
    await parent.cancel()
    with pytest.raises(WorkflowFailureError) as cancelled:
        await asyncio.wait_for(parent.result(), 45)
    assert isinstance(cancelled.value.cause, CancelledError)
    reasons = [(await result_of(bench.client, child)).reason for child in await children(parent)]
    assert reasons == [Reason.CANCELLED, Reason.CANCELLED, Reason.SUCCEEDED]


async def test_an_agent_is_spoken_to_and_stopped(bench: Bench, resolving: Resolving) -> None:
    name = await agent(bench, resolving, LOOK, LOOK, LOOK, DONE)
    held = bench.standin.hold("POST", APPEND, nth=2)
    parent = await start(bench.client, Talk.run, Question(agent=name, text="Look"))
    first = bench.standin.hold("POST", APPEND, times=1)
    await asyncio.to_thread(bench.standin.wait_until_held, first)
    await parent.signal(Talk.say, "hurry")
    await parent.signal(Talk.say, "hurry")
    await _signalled(bench.client, parent, 2)
    bench.standin.release(first)
    await asyncio.to_thread(bench.standin.wait_until_held, held)
    await parent.signal(Talk.say, "stop")
    await _signalled(bench.client, parent, 3)
    bench.standin.release(held)
    result: AgentResult = await asyncio.wait_for(parent.result(), 45)
    assert (result.reason, result.told) == (Reason.STOPPED, ("hurry",))
    assert sum("hurry" in text for text in bench.results()) == 1


async def test_words_that_an_agent_cannot_hear_are_refused(bench: Bench, resolving: Resolving) -> None:
    name = await agent(bench, resolving, DONE)
    parent = await start(bench.client, TalkTooLate.run, Question(agent=name, text="Look"))
    assert await asyncio.wait_for(parent.result(), 45) == (
        f"Agent {name}: InvalidObject: an input has 1 to 8192 characters: shorten it; False"
    )


async def _signalled(client: Client, parent: Parent, times: int) -> None:
    """Wait until the child of a workflow got so many signals."""
    [child] = await children(parent)
    signalled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    async with asyncio.timeout(20):
        while True:
            history = await client.get_workflow_handle(child).fetch_history()
            if sum(event.event_type == signalled for event in history.events) >= times:
                return
            await asyncio.sleep(0.05)
