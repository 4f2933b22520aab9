"""The mark that makes a function a tool; the modules that the worker is told of are searched for it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, overload

_MARK = "__durable_agents_tool__"

AnyFunction = Callable[..., object]
Function = TypeVar("Function", bound=AnyFunction)


@dataclass(frozen=True)
class ToolOptions:
    """How calls of a tool are treated."""

    idempotent: bool = False
    timeout: timedelta = timedelta(minutes=5)
    polling: bool = False

    def __post_init__(self) -> None:
        if self.timeout <= timedelta():
            raise ValueError(f"@tool(timeout={self.timeout!r}): give the call some time, e.g. 5 minutes")


@overload
def tool(function: Function, /) -> Function: ...
@overload
def tool(
    *, idempotent: bool = False, timeout: timedelta = ToolOptions.timeout, polling: bool = False
) -> Callable[[Function], Function]: ...
def tool(
    function: Function | None = None,
    /,
    *,
    idempotent: bool = False,
    timeout: timedelta = ToolOptions.timeout,
    polling: bool = False,
) -> Function | Callable[[Function], Function]:
    """Make a function a tool that agents can call; the function itself stays what it was.

    Its signature becomes the schema of its arguments, its docstring what the model is told. A call longer
    than `timeout` is given up. A call that died with its worker is repeated only when it is `idempotent`;
    otherwise the model is told that it may or may not have happened. A model that repeats a call over and
    over and gets the same result is stopped, unless the tool is there for `polling`.
    """
    options = ToolOptions(idempotent=idempotent, timeout=timeout, polling=polling)

    def mark(marked: Function) -> Function:
        if not inspect.isfunction(marked):
            raise TypeError(f"@tool marks functions, and {marked!r} is none: wrap it in one")
        setattr(marked, _MARK, options)
        return marked

    return mark if function is None else mark(function)


def options_of(value: object) -> ToolOptions | None:
    """Read what `tool` noted on a function; None for anything else."""
    options = getattr(value, _MARK, None)
    return options if isinstance(options, ToolOptions) else None
