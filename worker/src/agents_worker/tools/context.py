"""What a tool may know about the call that it answers."""

import logging
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from agents_crds.contract.run import RunReference


def _unheard(*_details: object) -> None:
    """Beat where nobody listens."""


def _never() -> bool:
    return False


def _own_key() -> str:
    return str(uuid4())


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """The call that a tool answers; the worker fills each parameter that is annotated with it.

    A test makes one as it likes, `ToolContext()` being a call of its own outside of any run.
    """

    run: RunReference | None = None
    """The AgentRun; None where there is none."""
    agent: str = ""
    """Name of the Agent that makes the call."""
    tool: str = ""
    """Name of the tool, as the model knows it."""
    tool_call_id: str = ""
    """The model's own id of the call."""
    idempotency_key: str = field(default_factory=_own_key)
    """The same for every attempt of this call, and no other call's: a UUID."""
    attempt: int = 1
    """1, and more where an earlier attempt of an idempotent tool was lost."""
    progress: tuple[Any, ...] = ()
    """What an earlier attempt told last by `heartbeat`, as JSON has it."""
    traceparent: str = ""
    """Trace context of the call, as W3C writes it."""
    heartbeat: Callable[..., None] = field(default=_unheard, repr=False, compare=False)
    """Notes how far the call is, for `progress` of a later attempt; from any thread."""
    is_cancelled: Callable[[], bool] = field(default=_never, repr=False, compare=False)
    """Whether nobody waits for the result any more; a tool in a thread asks, an async one is interrupted."""

    @property
    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose lines say what they are about; in full in the fields of their records."""
        run = f"{self.run.namespace}/{self.run.name}" if self.run else ""
        about = {"run": run, "agent": self.agent, "tool": self.tool}
        more = {"tool_call_id": self.tool_call_id, "attempt": self.attempt}
        return _CallLogger(logging.getLogger("agents_worker.tools"), about | more)


class _CallLogger(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        fields = dict(self.extra or {})
        about = " ".join(f"{name}={fields[name]}" for name in ("run", "agent", "tool") if fields.get(name))
        own = kwargs.get("extra") or {}
        return f"[{about}] {msg}" if about else msg, {**kwargs, "extra": {**fields, **own}}
