"""A tool as the worker offers it."""

import inspect
import re
from dataclasses import dataclass

from temporalio import activity

from agents_crds.contract.tools import OfferedTool
from agents_worker.tools.decorator import AnyFunction, ToolOptions, options_of
from agents_worker.tools.errors import ToolDefinitionError
from agents_worker.tools.signature import Parameters, read_parameters

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")
_LONGEST_DESCRIPTION = 4096


@dataclass(frozen=True)
class Tool:
    """A function that agents can call."""

    name: str
    function: AnyFunction
    options: ToolOptions
    parameters: Parameters

    @property
    def is_async(self) -> bool:
        """Whether the function runs on the event loop; any other gets a thread."""
        return inspect.iscoroutinefunction(self.function)

    def offer(self) -> OfferedTool:
        """Describe the tool to the operator."""
        return OfferedTool(
            name=self.name,
            description=self.parameters.description,
            parameters=self.parameters.schema,
            idempotent=self.options.idempotent,
            timeout=self.options.timeout,
            polling=self.options.polling,
        )


def define_tool(value: object) -> Tool | None:
    """Read a marked function or a Temporal activity as a tool; None for anything else."""
    if not inspect.isfunction(value):  # anything else may not even bear to be asked for an attribute
        return None
    # Temporal has no public way to read what `@activity.defn` noted.
    defined = activity._Definition.from_callable(value)  # noqa: SLF001
    options = options_of(value)
    if options is None and defined is None:
        return None
    name = (defined.name if defined else None) or value.__name__
    if inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value):
        raise ToolDefinitionError(f"tool {name}: it yields, but a call has one result: return a list instead")
    parameters = read_parameters(value, name)
    if not _NAME.fullmatch(name):
        raise ToolDefinitionError(
            f"tool {name}: models accept letters, digits, `_` and `-`, at most 64; rename the function"
        )
    if len(parameters.description) > _LONGEST_DESCRIPTION:
        raise ToolDefinitionError(
            f"tool {name}: its docstring must describe it in at most {_LONGEST_DESCRIPTION} characters"
        )
    return Tool(name, value, options or ToolOptions(), parameters)
