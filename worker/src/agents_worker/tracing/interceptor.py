"""Tells of each call of a model or a tool, around the activity that makes it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from agents_crds.telemetry.about import about
from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.spans import Span
from agents_worker.tracing.calls import Call, Request, call_of, with_place
from agents_worker.tracing.loops import TELL, TellsOfLoops

Carry = Callable[[TraceContext], Awaitable[Any]]
"""Makes a call, that is told of at this place."""


class Spans(Protocol):
    """Takes what is told."""

    async def told(self, call: Call, place: TraceContext, request: Request, carry: Carry) -> Any:
        """Tell of a call while it is carried out."""

    def silence(self) -> AbstractContextManager[None]:
        """Let nothing be told of the block."""


class TellsOfCalls(Interceptor):
    """Tells of calls in the log, and in spans where these are asked for."""

    def __init__(self, spans: Spans | None, tell: Callable[[Span], None] | None = None) -> None:
        """`tell` takes the spans of loops that are over, by the ids that were derived for them."""
        self._spans = spans
        self._tell = tell

    # Temporal names the argument `next`.
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Wrap an activity."""
        return _Inbound(next, self._spans)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 -- named by Temporal
    ) -> type[WorkflowInboundInterceptor] | None:
        """Let the loops of users' workflows be told, where somebody is told."""
        if self._tell is None:
            return None
        input.unsafe_extern_functions[TELL] = self._tell
        return TellsOfLoops


class _Inbound(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, spans: Spans | None) -> None:
        super().__init__(following)
        self._spans = spans

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        request: Any = input.args[0] if input.args else None
        call = call_of(request)
        if call is None:
            return await self._without_a_word(input)
        with about(**call.about):
            return await self._told(input, call, request)

    async def _told(self, input_: ExecuteActivityInput, call: Call, request: Request) -> Any:
        async def carry(place: TraceContext) -> Any:
            input_.args = [with_place(request, place), *input_.args[1:]]
            with about(span_id=place.span):
                return await self.next.execute_activity(input_)

        if call.place is None:
            return await self.next.execute_activity(input_)
        if self._spans is None:
            info = activity.info()
            return await carry(call.place.child(str(info.workflow_run_id), info.activity_id))
        return await self._spans.told(call, call.place, request, carry)

    async def _without_a_word(self, input_: ExecuteActivityInput) -> Any:
        """Do what no run has asked for, such as listing a server: it would begin a trace of its own."""
        if self._spans is None:
            return await self.next.execute_activity(input_)
        with self._spans.silence():
            return await self.next.execute_activity(input_)
