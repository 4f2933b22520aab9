"""What the lines of a log are about."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from agents_crds.contract.run import RunReference
from agents_crds.telemetry.context import TraceContext

_NOTHING: Mapping[str, str] = MappingProxyType({})
_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("about", default=_NOTHING)


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """Let each line of the block tell these fields too, where lines are JSON; empty ones are left out."""
    token = _ABOUT.set(_with(fields))
    try:
        yield
    finally:
        _ABOUT.reset(token)


def begin_about(**fields: str) -> None:
    """Do so from now on, in this task and those that it starts."""
    _ABOUT.set(_with(fields))


def run_fields(run: RunReference | None, agent: str, traceparent: str) -> dict[str, str]:
    """Return the fields of lines that are about a run."""
    place = TraceContext.read(traceparent)
    return {
        "namespace": run.namespace if run else "",
        "run": f"{run.namespace}/{run.name}" if run else "",
        "agent": agent,
        "trace_id": place.trace if place else "",
    }


def told() -> Mapping[str, str]:
    """Return the fields of a line that is written now."""
    return _ABOUT.get()


def _with(fields: Mapping[str, str]) -> Mapping[str, str]:
    return {**_ABOUT.get(), **{name: value for name, value in fields.items() if value}}
