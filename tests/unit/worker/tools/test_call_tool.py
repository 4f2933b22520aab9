"""The activity that calls tools, run as Temporal runs it."""

import asyncio
import contextvars
import dataclasses
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from temporalio import activity
from temporalio.testing import ActivityEnvironment

from agents_crds.contract.run import RunReference
from agents_worker import ToolContext, ToolError, tool
from agents_worker.activities.room import Room
from agents_worker.activities.tools import ToolCalls
from agents_worker.messages import ToolCall
from agents_worker.tools.decorator import AnyFunction
from agents_worker.tools.definition import define_tool
from agents_worker.tools.offer import Tools

RUN = RunReference(namespace="default", name="rates-1", uid="6a1c")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2, thread_name_prefix="tool") as executor:
        yield executor


@pytest.fixture
def environment() -> ActivityEnvironment:
    return ActivityEnvironment()


async def result(
    environment: ActivityEnvironment,
    threads: ThreadPoolExecutor,
    function: AnyFunction,
    arguments: str = "{}",
    **of_call: object,
) -> str:
    found = define_tool(tool(function))
    assert found is not None
    call = ToolCall.model_validate({"name": found.name, "arguments": arguments, **of_call})
    return (await environment.run(ToolCalls(Tools((found,)), threads, Room()).call_tool, call)).text


def in_a_thread(number: int) -> str:
    return f"{number} {threading.current_thread().name.split('_')[0]}"


async def on_the_loop(number: int) -> str:
    return f"{number} {threading.current_thread() is threading.main_thread()}"


def of_both_kinds(number: int) -> object:
    return on_the_loop(number)


@pytest.mark.parametrize(
    ("function", "text"), [(in_a_thread, "3 tool"), (on_the_loop, "3 True"), (of_both_kinds, "3 True")]
)
async def test_functions_run_where_they_may_wait(
    environment: ActivityEnvironment, threads: ThreadPoolExecutor, function: AnyFunction, text: str
) -> None:
    assert await result(environment, threads, function, '{"number": 3}') == text


def describe(context: ToolContext) -> str:
    run = context.run
    assert run is not None
    return f"{run.namespace}/{run.name}/{run.uid} {context.agent} {context.tool} {context.tool_call_id}"


async def describe_attempt(call: ToolContext, /) -> str:
    return f"{call.attempt} {call.progress} {call.traceparent}"


@activity.defn(name="as_activity")
async def describe_beside_arguments(bank: str, context: ToolContext, year: int = 2023) -> str:
    return f"{bank} {year} {context.tool}"


@pytest.mark.parametrize(
    ("function", "arguments", "text"),
    [
        (describe, "", "default/rates-1/6a1c finance describe c1"),
        (describe_attempt, "{}", "2 (10,) 00-1-2-01"),
        (describe_beside_arguments, '{"bank": "ECB"}', "ECB 2023 as_activity"),
        (
            describe_beside_arguments,
            '{"bank": "ECB", "context": {"attempt": 7}}',
            "as_activity was not called, its arguments are invalid: context: Extra inputs are not permitted",
        ),
    ],
)
async def test_context_tells_of_the_call_and_is_not_the_models_to_fill(
    environment: ActivityEnvironment,
    threads: ThreadPoolExecutor,
    function: AnyFunction,
    arguments: str,
    text: str,
) -> None:
    environment.info = dataclasses.replace(environment.info, attempt=2, heartbeat_details=[10])
    told = await result(
        environment,
        threads,
        function,
        arguments,
        run=RUN,
        agent="finance",
        tool_call_id="c1",
        traceparent="00-1-2-01",
    )
    assert told == text


def tell_key(context: ToolContext) -> str:
    return context.idempotency_key


OTHER_RUN = RunReference(namespace="default", name="rates-1", uid="7b2d")


@pytest.mark.parametrize(
    ("call", "info", "same"),
    [
        ({}, {"attempt": 2}, True),
        ({}, {"attempt": 1, "workflow_run_id": "after a reset", "activity_id": "9"}, True),
        ({"tool_call_id": "c2"}, {}, False),
        ({"arguments": " {}"}, {}, False),
        ({"run": OTHER_RUN}, {}, False),
        ({"run": None}, {}, False),
        ({"run": None}, {"workflow_id": "other"}, False),
        ({"tool_call_id": ""}, {"activity_id": "2"}, False),
    ],
)
async def test_idempotency_key_is_that_of_the_call_and_no_other(
    environment: ActivityEnvironment,
    threads: ThreadPoolExecutor,
    call: dict[str, object],
    info: dict[str, str],
    *,
    same: bool,
) -> None:
    known: dict[str, Any] = {"run": RUN, "tool_call_id": "c1"}
    key = await result(environment, threads, tell_key, **known)
    environment.info = dataclasses.replace(environment.info, **info)  # type: ignore[arg-type]
    other = await result(environment, threads, tell_key, **(known | call))
    assert (other == key) is same
    # Also where the loop told neither: attempts share the activity.
    assert await result(environment, threads, tell_key, **(known | call)) == other


def beat_in_the_thread(context: ToolContext) -> str:
    context.heartbeat("thread", 1)
    return "done"


def beat_as_temporal_does() -> str:
    activity.heartbeat("thread", 1)
    return "done"


def beat_in_a_thread_of_its_own(context: ToolContext) -> str:
    # A thread starts in no activity, whatever its starter is in.
    own = threading.Thread(target=contextvars.Context().run, args=(context.heartbeat, "thread", 1))
    own.start()
    own.join()
    return "done"


async def beat_on_the_loop(context: ToolContext) -> str:
    context.heartbeat("thread", 1)
    return "done"


@pytest.mark.parametrize(
    "function", [beat_in_the_thread, beat_as_temporal_does, beat_in_a_thread_of_its_own, beat_on_the_loop]
)
async def test_tools_beat_from_wherever_they_run(
    environment: ActivityEnvironment, threads: ThreadPoolExecutor, function: AnyFunction
) -> None:
    beats: list[tuple[object, ...]] = []
    environment.on_heartbeat = lambda *details: beats.append(details)
    assert await result(environment, threads, function) == "done"
    assert ("thread", 1) in beats


async def test_a_tool_in_a_thread_learns_that_nobody_waits_any_more(
    environment: ActivityEnvironment, threads: ThreadPoolExecutor
) -> None:
    started, ended = threading.Event(), threading.Event()

    def work(context: ToolContext) -> str:
        assert not context.is_cancelled()
        started.set()
        while not context.is_cancelled():
            pass
        ended.set()
        return "unheard"

    calling = asyncio.create_task(result(environment, threads, work))
    await asyncio.to_thread(started.wait, 10)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert await asyncio.to_thread(ended.wait, 10)


async def test_an_async_tool_is_interrupted_when_its_call_is_cancelled(
    environment: ActivityEnvironment, threads: ThreadPoolExecutor
) -> None:
    started, tidied = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            tidied.set()

    calling = asyncio.create_task(result(environment, threads, work))
    await started.wait()
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert tidied.is_set()


def next_of_nothing() -> str:
    empty: Iterator[str] = iter(())
    return next(empty)


async def next_of_nothing_async() -> str:
    async def empty() -> AsyncIterator[str]:
        return
        yield

    return await anext(empty())


async def cancelled_inside() -> None:
    inner = asyncio.create_task(asyncio.sleep(60))
    inner.cancel()
    await inner


async def failing_together() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(refuse_later())


async def refuse_later() -> None:
    raise LookupError("no such bank")


def refuse() -> None:
    raise ToolError("There is no bank of that name. Ask which country it is in.")


def leave() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (refuse, "There is no bank of that name. Ask which country it is in."),
        (refuse_later, "refuse_later failed: LookupError: no such bank"),
        (failing_together, "failing_together failed: LookupError: no such bank"),
        (leave, "leave failed: SystemExit: 3"),
        (
            next_of_nothing,
            "next_of_nothing failed: RuntimeError: StopIteration, as next() raises it at the end",
        ),
        (next_of_nothing_async, "next_of_nothing_async failed: StopAsyncIteration: "),
        (cancelled_inside, "cancelled_inside failed: CancelledError: "),
    ],
)
async def test_whatever_a_tool_raises_is_told_to_the_model(
    environment: ActivityEnvironment, threads: ThreadPoolExecutor, function: AnyFunction, text: str
) -> None:
    async with asyncio.timeout(10):
        assert await result(environment, threads, function) == text
