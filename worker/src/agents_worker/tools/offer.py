"""The tools that a worker offers, found in the modules that it was told of."""

import importlib
import posixpath
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType

from agents_crds.contract import CONTRACT
from agents_crds.contract.environment import WorkerVariable
from agents_crds.contract.tools import ToolCatalogue
from agents_worker.tools.definition import Tool, define_tool
from agents_worker.tools.errors import ToolDefinitionError


@dataclass(frozen=True)
class Tools:
    """The tools of one worker, each with a name of its own."""

    tools: tuple[Tool, ...] = ()

    def named(self, name: str) -> Tool | None:
        """Find the tool of that name."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def catalogue(self) -> ToolCatalogue:
        """Describe all of them to the operator, by name."""
        offers = sorted((tool.offer() for tool in self.tools), key=lambda offer: offer.name)
        return ToolCatalogue(contract=CONTRACT, tools=tuple(offers))


def load_tools(modules: Iterable[str]) -> Tools:
    """Import the modules and collect their tools; raises ToolDefinitionError where one cannot be offered."""
    found: dict[str, Tool] = {}
    for tool in (tool for module in modules for tool in _tools_of(_imported(module))):
        other = found.setdefault(tool.name, tool)
        if other.function is not tool.function:
            raise ToolDefinitionError(
                f"two tools are named {tool.name}: {_origin(other)} and {_origin(tool)}; rename one of them"
            )
    return Tools(tuple(found.values()))


def _imported(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except SystemExit as error:
        raise ToolDefinitionError(
            f"module {module} of {WorkerVariable.MODULES} ends the process while it is imported (SystemExit"
            f"{_place(error)}); the log has what it says: let it do so only where it is run by itself"
        ) from error
    except (ImportError, SyntaxError) as error:
        raise ToolDefinitionError(
            f"module {module} of {WorkerVariable.MODULES} cannot be imported "
            f"({type(error).__name__}: {error}{_place(error)}); check its name, PYTHONPATH, and what it "
            "imports"
        ) from error
    # A user's module may raise anything while it is imported, and each of it stops the worker alike.
    except Exception as error:
        raise ToolDefinitionError(
            f"module {module} of {WorkerVariable.MODULES} cannot be imported "
            f"({type(error).__name__}{_place(error)}); the log has the whole of it"
        ) from error


def _place(error: BaseException) -> str:
    """Name the place in the module that the import came to; empty when it did not come that far."""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename not in {__file__, importlib.__file__} and not frame.filename.startswith("<frozen"):
            return f", {posixpath.basename(frame.filename)} line {frame.lineno}"
    return ""


def _tools_of(module: ModuleType) -> Iterator[Tool]:
    for value in vars(module).values():
        tool = define_tool(value)
        if tool is not None:
            yield tool


def _origin(tool: Tool) -> str:
    return f"{tool.function.__module__}.{getattr(tool.function, '__qualname__', tool.name)}"
