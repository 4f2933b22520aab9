"""Tool calls: whatever goes wrong in a tool becomes a text that the model can read."""

import asyncio
import contextvars
import inspect
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from temporalio import activity

from agents_crds.contract.tools import ToolCatalogue
from agents_worker.activities.beat import beating
from agents_worker.activities.room import Room
from agents_worker.messages import CALL_TOOL, DESCRIBE_TOOLS, ToolCall, ToolResult
from agents_worker.tools.arguments import InvalidArguments, bind_arguments
from agents_worker.tools.context import ToolContext
from agents_worker.tools.definition import Tool
from agents_worker.tools.errors import ToolError
from agents_worker.tools.offer import Tools
from agents_worker.tools.results import failure_text, result_text


class ToolCalls:
    """The activities of a pool's queue."""

    def __init__(self, tools: Tools, threads: Executor, room: Room) -> None:
        self._tools = tools
        self._threads = threads
        self._room = room

    @activity.defn(name=CALL_TOOL)
    async def call_tool(self, call: ToolCall) -> ToolResult:
        """Call a tool and return its result, or how it failed, as a text."""
        tool = self._tools.named(call.name)
        if tool is None:
            text = f"There is no tool {call.name}: this build of the worker does not have it."
            return ToolResult(text=text, failed="ToolNotFound")
        async with beating():
            return await self._room.tool_result(await self._call(tool, call))

    @activity.defn(name=DESCRIBE_TOOLS)
    async def describe_tools(self) -> ToolCatalogue:
        """Describe the tools that this worker offers."""
        return self._tools.catalogue()

    async def _call(self, tool: Tool, call: ToolCall) -> ToolResult:
        # The user's code may raise anything, even to exit, and all of it is an answer to the model.
        try:
            match bind_arguments(tool, call.arguments, _context(call)):
                case InvalidArguments(text=text):
                    return ToolResult(text=text, failed=InvalidArguments.__name__)
                case inspect.BoundArguments(args=args, kwargs=kwargs):
                    value = await self._run(tool, partial(tool.function, *args, **kwargs))
                    return ToolResult(text=result_text(tool.name, value))
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            if isinstance(error, ToolError):
                activity.logger.info("The tool %s refused a call", tool.name)
            else:
                activity.logger.warning("The tool %s failed", tool.name, exc_info=error)
            return ToolResult(text=failure_text(tool.name, error), failed=type(error).__name__)

    async def _run(self, tool: Tool, call: Callable[[], object]) -> object:
        if tool.is_async:
            value = call()
        else:
            run = contextvars.copy_context().run
            loop = asyncio.get_running_loop()
            value = await loop.run_in_executor(self._threads, run, _without_stop_iteration, call)
        return await value if inspect.isawaitable(value) else value


def _without_stop_iteration(call: Callable[[], object]) -> object:
    """Call what asyncio would wait for without end if it raised StopIteration, as a bare `next` does."""
    try:
        return call()
    except StopIteration as error:
        raise RuntimeError("StopIteration, as next() raises it at the end") from error


def _is_cancelled() -> bool:
    """Tell whether it is the activity that was cancelled, and not only something that its tool waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _context(call: ToolCall) -> ToolContext:
    info = activity.info()
    # Threads that a tool starts do not know which activity they belong to.
    scope = contextvars.copy_context()
    return ToolContext(
        run=call.run,
        agent=call.agent,
        tool=call.name,
        tool_call_id=call.tool_call_id,
        idempotency_key=_idempotency_key(call, info),
        attempt=info.attempt,
        progress=tuple(info.heartbeat_details),
        traceparent=call.traceparent,
        heartbeat=lambda *details: scope.copy().run(activity.heartbeat, *details),
        is_cancelled=lambda: scope.copy().run(activity.is_cancelled),
    )


def _idempotency_key(call: ToolCall, info: activity.Info) -> str:
    """Derive it from what attempts share: the run, the model's id of the call or the activity, the call."""
    run = call.run.uid if call.run else info.workflow_id
    number = call.tool_call_id or f"{info.workflow_run_id}/{info.activity_id}"
    # Of a model that gives two calls one id, each is still a call of its own.
    return str(uuid5(NAMESPACE_URL, f"durable-agents.dev/{run}/{number}/{call.name}/{call.arguments}"))
