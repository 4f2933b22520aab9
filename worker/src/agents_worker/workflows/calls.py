"""The loop's activities: which queue, how long, how often again."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import (
    ActivityError,
    TimeoutType,
    is_cancelled_exception,
)

from agents_crds.contract.mcp import McpTarget, McpToolRoute
from agents_crds.contract.run import LoopInput, LoopState, ToolRoute
from agents_worker.chat_messages import COMPLETE_CHAT, SUMMARIZE, ChatRequest, SummaryRequest
from agents_worker.messages import (
    APPEND_RESULTS,
    CALL_MCP_TOOL,
    CALL_TOOL,
    OPEN_CONVERSATION,
    RESTART_CONVERSATION,
    START_CONVERSATION,
    ConversationOpening,
    ConversationRestart,
    ConversationStart,
    FunctionCall,
    McpToolCall,
    ModelAnswer,
    Origin,
    ResultsAppend,
    ToolCall,
    ToolResult,
)
from agents_worker.workflows.floor import agents_of, caller_of, floor_of, name_of, route_of, tool_names
from agents_worker.workflows.handing_over import handoff_reply
from agents_worker.workflows.refusals import Refusal, refusal_of
from agents_worker.workflows.replies import (
    DENIED,
    broken,
    interrupted,
    not_given,
    one_too_many,
    too_slow,
    without_server,
)
from agents_worker.workflows.turn import first_words

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
T = TypeVar("T")
ProviderRequest = ConversationStart | ResultsAppend | ConversationRestart | ConversationOpening | ChatRequest


async def call_model(loop: LoopInput, state: LoopState) -> ModelAnswer | Refusal:
    """Make the next model call, on the provider's queue."""
    return await ask_provider(loop, state, _request(loop, state), ModelAnswer)


def _request(loop: LoopInput, state: LoopState) -> ConversationStart | ResultsAppend | ConversationRestart:
    agent = loop.agent
    repeated = may_have_been_sent(state)
    if state.conversation_id is not None:
        return ResultsAppend(
            provider=agent.provider,
            conversation_id=state.conversation_id,
            results=state.results,
            denials=state.denials,
            messages=state.say,
            after=state.last_entry,
            repeated=repeated,
        )
    if loop.continues is not None and loop.continues.conversation_id is not None:
        return ConversationRestart(
            provider=agent.provider,
            conversation_id=loop.continues.conversation_id,
            from_entry=state.last_entry,
            agent_version=agent.remote_version,
            results=state.results,
            messages=state.say,
            metadata=loop.conversation_metadata,
            repeated=repeated,
        )
    return ConversationStart(
        agent_id=agent.remote_id,
        agent_version=agent.remote_version,
        provider=agent.provider,
        input="" if state.say else loop.input,
        metadata=loop.conversation_metadata,
        repeated=repeated,
        messages=(*first_words(loop), *state.say) if state.say else loop.messages,
    )


def may_have_been_sent(state: LoopState) -> bool:
    """Tell whether the next call to the provider may have been made already."""
    return state.throttled > 0 or state.key_failures > 0


def _activity(request: ProviderRequest) -> str:
    match request:
        case SummaryRequest():
            return SUMMARIZE
        case ChatRequest():
            return COMPLETE_CHAT
        case ConversationStart():
            return START_CONVERSATION
        case ResultsAppend():
            return APPEND_RESULTS
        case ConversationRestart():
            return RESTART_CONVERSATION
        case ConversationOpening():
            return OPEN_CONVERSATION


async def ask_provider(
    loop: LoopInput,
    state: LoopState,
    request: ProviderRequest,
    answer: type[T],
) -> T | Refusal:
    """Do something at the provider's, on its queue."""
    try:
        answered: T = await workflow.execute_activity(
            _activity(request),
            request.model_copy(update={"origin": _origin(loop, state)}),
            result_type=answer,
            task_queue=loop.agent.provider.queue,
            start_to_close_timeout=MODEL_CALL,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_MODEL_RETRIES,
            summary=floor_of(loop, state),
        )
    except ActivityError as error:
        raise_if_cancelled(error)
        return refusal_of(error.cause)
    return answered


def _origin(loop: LoopInput, state: LoopState) -> Origin:
    agent = floor_of(loop, state)
    models = (each.model for each in agents_of(loop) if each.name == agent)
    return Origin(run=loop.run, agent=agent, model=next(models, ""), traceparent=loop.traceparent)


async def call_tools(loop: LoopInput, state: LoopState, calls: tuple[FunctionCall, ...]) -> tuple[str, ...]:
    """Carry out a turn's calls concurrently, and return what became of each as a text."""
    made = await asyncio.gather(*(_carry_out(loop, state, call) for call in calls[:MOST_CALLS]))
    return (*made, *(_left_out(call) for call in calls[MOST_CALLS:]))


def _left_out(call: FunctionCall) -> str:
    return DENIED if call.awaits_confirmation else one_too_many(call.name, MOST_CALLS)


async def _carry_out(loop: LoopInput, state: LoopState, call: FunctionCall) -> str:
    if call.awaits_confirmation:
        return DENIED
    handoff = handoff_reply(loop, state, call)
    if handoff is not None:
        return handoff
    tools = caller_of(loop, state, call).tools
    route = route_of(tools, call.name)
    if route is None:
        return not_given(tool_names(caller_of(loop, state, call)), call.name)
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
    agent = name_of(loop, call.agent_id, otherwise=floor_of(loop, state))
    if route.mcp is None:
        request = ToolCall(
            name=call.name,
            arguments=call.arguments,
            tool_call_id=call.tool_call_id,
            agent=agent,
            run=loop.run,
            traceparent=loop.traceparent,
        )
        return _ToolActivity(CALL_TOOL, request, route.timeout)
    target = _target(loop, route.mcp)
    if target is None:
        return None
    mcp_request = McpToolCall(
        target=target,
        tool=route.mcp.tool,
        name=call.name,
        arguments=call.arguments,
        tool_call_id=call.tool_call_id,
        agent=agent,
        run=loop.run,
        traceparent=loop.traceparent,
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
        raise_if_cancelled(error)
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


def raise_if_cancelled(error: ActivityError) -> None:
    """Turn the failure of a cancelled activity back into the cancellation that asyncio knows."""
    if is_cancelled_exception(error):
        raise asyncio.CancelledError from error
