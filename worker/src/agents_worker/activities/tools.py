"""Tool calls: whatever goes wrong in a tool becomes a text that the model can read."""

import asyncio
import contextvars
import inspect
from concurrent.futures import Executor
from functools import partial

from temporalio import activity

from agents_crds.contract.tools import ToolCatalogue
from agents_worker.activities.beat import beating
from agents_worker.messages import CALL_TOOL, DESCRIBE_TOOLS, ToolCall, ToolResult
from agents_worker.text import RESULTS_LIMIT, clip
from agents_worker.tools.arguments import InvalidArguments, bind_arguments
from agents_worker.tools.definition import Tool
from agents_worker.tools.offer import Tools
from agents_worker.tools.results import failure_text, result_text


class ToolCalls:
    """The activities of a pool's queue."""

    def __init__(self, tools: Tools, threads: Executor) -> None:
        self._tools = tools
        self._threads = threads

    @activity.defn(name=CALL_TOOL)
    async def call_tool(self, call: ToolCall) -> ToolResult:
        """Call a tool and return its result, or how it failed, as a text."""
        tool = self._tools.named(call.name)
        if tool is None:
            return ToolResult(
                text=f"There is no tool {call.name}: this build of the worker does not have it."
            )
        async with beating():
            text = await self._call(tool, call.arguments)
        return ToolResult(text=clip(text, RESULTS_LIMIT))

    @activity.defn(name=DESCRIBE_TOOLS)
    async def describe_tools(self) -> ToolCatalogue:
        """Describe the tools that this worker offers."""
        return self._tools.catalogue()

    async def _call(self, tool: Tool, arguments: str) -> str:
        # The user's code may raise anything, even to exit, and all of it is an answer to the model.
        try:
            match bind_arguments(tool, arguments):
                case InvalidArguments(text=text):
                    return text
                case inspect.BoundArguments(args=args, kwargs=kwargs):
                    return result_text(
                        tool.name, await self._run(tool, partial(tool.function, *args, **kwargs))
                    )
        except (Exception, SystemExit) as error:  # noqa: BLE001
            activity.logger.warning("The tool %s failed", tool.name, exc_info=error)
            return failure_text(tool.name, error)

    async def _run(self, tool: Tool, call: partial[object]) -> object:
        if tool.is_async:
            value = call()
        else:
            run = contextvars.copy_context().run
            value = await asyncio.get_running_loop().run_in_executor(self._threads, run, call)
        return await value if inspect.isawaitable(value) else value
