"""The loop's activities: which queue, how long, how often again."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    TimeoutType,
    is_cancelled_exception,
)

from agents_crds.contract.mcp import McpTarget, McpToolRoute
from agents_crds.contract.run import LoopInput, LoopState, ToolRoute
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.messages import (
    APPEND_RESULTS,
    CALL_MCP_TOOL,
    CALL_TOOL,
    START_CONVERSATION,
    THROTTLED,
    ConversationStart,
    FunctionCall,
    KeyWait,
    McpToolCall,
    ModelAnswer,
    ResultsAppend,
    ToolCall,
    ToolResult,
)
from agents_worker.workflows.floor import caller_of, floor_of, name_of, route_of
from agents_worker.workflows.replies import (
    DENIED,
    broken,
    interrupted,
    not_given,
    one_too_many,
    too_slow,
    without_server,
)
from agents_worker.workflows.tracing import call_traceparent

# A call whose worker was killed is repeated within this and the retry's first interval.
_HEARTBEAT = timedelta(seconds=10)
MODEL_CALL = timedelta(seconds=450)
"""The longest attempt: 120 s for the provider to finish an earlier one, 300 s after which its client gives
up a call, and 30 s for the requests that find out about the earlier one."""
_TOO_LARGE = "PayloadsTooLarge"
_MODEL_RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=30),
    # The activity itself says what is final; this ends what it did not foresee, after about 25 minutes.
    maximum_attempts=50,
    # The answer was paid for, and another one would be as large.
    non_retryable_error_types=[_TOO_LARGE],
)
_IDEMPOTENT_ATTEMPTS = 3
MOST_CALLS = 128
"""Calls of one answer that are carried out: Temporal refuses a workflow that has 2000 activities at once, and
one that takes two seconds to schedule them."""
# An MCP call keeps its own times; this ends one that does not.
_MCP_MARGIN = timedelta(seconds=30)
_REASONS = frozenset(reason.value for reason in Reason)


@dataclass(frozen=True)
class Throttled:
    """The provider refused a model call with 429."""

    retry_after: timedelta | None


@dataclass(frozen=True)
class KeyFailed:
    """The provider's key is missing or refused; `reason` is for giving up."""

    reason: Reason
    message: str
    wait: KeyWait


@dataclass(frozen=True)
class ModelFailed:
    """A model call failed for good."""

    reason: Reason
    message: str


async def call_model(loop: LoopInput, state: LoopState) -> ModelAnswer | Throttled | KeyFailed | ModelFailed:
    """Make the next model call, on the provider's queue."""
    agent = loop.agent
    repeated = state.throttled > 0 or state.key_failures > 0
    activity: str
    request: ConversationStart | ResultsAppend
    if state.conversation_id is None:
        activity = START_CONVERSATION
        request = ConversationStart(
            agent_id=agent.remote_id,
            agent_version=agent.remote_version,
            provider=agent.provider,
            input=loop.input,
            metadata=loop.conversation_metadata,
            repeated=repeated,
            messages=loop.messages,
        )
    else:
        activity = APPEND_RESULTS
        request = ResultsAppend(
            provider=agent.provider,
            conversation_id=state.conversation_id,
            results=state.results,
            denials=state.denials,
            correction=state.correction,
            after=state.last_entry,
            repeated=repeated,
        )
    try:
        answer: ModelAnswer = await workflow.execute_activity(
            activity,
            request,
            result_type=ModelAnswer,
            task_queue=agent.provider.queue,
            start_to_close_timeout=MODEL_CALL,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_MODEL_RETRIES,
            summary=floor_of(loop, state),
        )
    except ActivityError as error:
        _raise_if_cancelled(error)
        return _model_failure(error.cause)
    return answer


async def call_tools(loop: LoopInput, state: LoopState, calls: tuple[FunctionCall, ...]) -> tuple[str, ...]:
    """Carry out a turn's calls concurrently, and return what became of each as a text."""
    made = await asyncio.gather(*(_carry_out(loop, state, call) for call in calls[:MOST_CALLS]))
    return (*made, *(_left_out(call) for call in calls[MOST_CALLS:]))


def _left_out(call: FunctionCall) -> str:
    return DENIED if call.awaits_confirmation else one_too_many(call.name, MOST_CALLS)


async def _carry_out(loop: LoopInput, state: LoopState, call: FunctionCall) -> str:
    if call.awaits_confirmation:
        return DENIED
    tools = caller_of(loop, state, call).tools
    route = route_of(tools, call.name)
    if route is None:
        return not_given(tools, call.name)
    activity = _tool_activity(loop, state, call, route)
    return without_server(route) if activity is None else await _run(activity, route)


@dataclass(frozen=True)
class _ToolActivity:
    """An activity that carries out a call."""

    name: str
    request: ToolCall | McpToolCall
    timeout: timedelta


def _tool_activity(
    loop: LoopInput, state: LoopState, call: FunctionCall, route: ToolRoute
) -> _ToolActivity | None:
    """Choose the activity for a call; None where the run does not know the tool's server."""
    trace = call_traceparent(loop.traceparent, workflow.info().run_id, call.tool_call_id)
    if route.mcp is None:
        request = ToolCall(
            name=call.name,
            arguments=call.arguments,
            tool_call_id=call.tool_call_id,
            agent=name_of(loop, call.agent_id, otherwise=floor_of(loop, state)),
            run=loop.run,
            traceparent=trace,
        )
        return _ToolActivity(CALL_TOOL, request, route.timeout)
    target = _target(loop, route.mcp)
    if target is None:
        return None
    mcp_request = McpToolCall(
        target=target, tool=route.mcp.tool, name=call.name, arguments=call.arguments, traceparent=trace
    )
    limit = target.connect_timeout + target.call_timeout + _MCP_MARGIN
    return _ToolActivity(CALL_MCP_TOOL, mcp_request, limit)


def _target(loop: LoopInput, tool: McpToolRoute) -> McpTarget | None:
    targets = (server.target for server in loop.mcp_servers)
    return next((target for target in targets if target.server == tool.server), None)


async def _run(activity: _ToolActivity, route: ToolRoute) -> str:
    try:
        result: ToolResult = await workflow.execute_activity(
            activity.name,
            activity.request,
            result_type=ToolResult,
            task_queue=route.queue,
            start_to_close_timeout=activity.timeout,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=1),
                maximum_attempts=_IDEMPOTENT_ATTEMPTS if route.idempotent else 1,
                non_retryable_error_types=[_TOO_LARGE],
            ),
            summary=route.name,
        )
    except ActivityError as error:
        _raise_if_cancelled(error)
        return without_result(route, error.cause)
    return result.text


def without_result(route: ToolRoute, cause: BaseException | None) -> str:
    """Tell the model why a tool's call ended without a result."""
    match cause:
        case exceptions.TimeoutError(type=TimeoutType.START_TO_CLOSE):
            return too_slow(route)
        case exceptions.TimeoutError():
            return interrupted(route)
        case _:
            return broken(route, str(cause))


def _model_failure(cause: BaseException | None) -> Throttled | KeyFailed | ModelFailed:
    match cause:
        case ApplicationError(type=type_, details=[float() | int() as seconds]) if type_ == THROTTLED:
            return Throttled(timedelta(seconds=seconds))
        case ApplicationError(type=type_) if type_ == THROTTLED:
            return Throttled(None)
        case ApplicationError(type=str(type_), message=message, details=[wait]) if type_ in _REASONS:
            return KeyFailed(Reason(type_), message, KeyWait.model_validate(wait))
        case ApplicationError(type=str(type_), message=message) if type_ in _REASONS:
            return ModelFailed(Reason(type_), message)
        case _:
            return ModelFailed(Reason.WORKFLOW_FAILED, f"The model call failed in the worker: {cause}")


def _raise_if_cancelled(error: ActivityError) -> None:
    """Turn the failure of a cancelled activity back into the cancellation that asyncio knows."""
    if is_cancelled_exception(error):
        raise asyncio.CancelledError from error
