"""A question to an MCP server, which a worker of the same build asks."""

from datetime import timedelta
from typing import TypeVar

from temporalio import exceptions, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from agents_crds.contract.mcp import McpFailure, McpTarget
from agents_crds.contract.payload import Payload
from agents_crds.v1alpha1.conditions import Reason

# To open the session and to answer, a connectTimeout each; the rest is for closing it, 5 s at worst.
# The operator waits for 15 s beside the two.
_CLOSING = timedelta(seconds=8)
_STARTING = timedelta(seconds=4)
_HEARTBEAT = timedelta(seconds=10)
_ONCE = RetryPolicy(maximum_attempts=1)

R = TypeVar("R", bound=Payload)


async def ask(activity: str, question: Payload, target: McpTarget, result_type: type[R]) -> R | McpFailure:
    """Return the activity's result, or a failure where its worker did not come to give one."""
    took = 2 * target.connect_timeout + _CLOSING
    try:
        answer: R = await workflow.execute_activity(
            activity,
            question,
            result_type=result_type,
            start_to_close_timeout=took,
            schedule_to_close_timeout=took + _STARTING,
            heartbeat_timeout=_HEARTBEAT,
            retry_policy=_ONCE,
            summary=target.server,
        )
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise
        return _failure(error.cause)
    return answer


def _failure(cause: BaseException | None) -> McpFailure:
    match cause:
        case exceptions.TimeoutError():
            return McpFailure(
                reason=Reason.SERVER_TIMED_OUT,
                message="The worker that asked the server did not answer in time: see its log",
            )
        case _:
            return McpFailure(
                reason=Reason.SERVER_ERROR,
                message=f"The worker could not ask the server: {cause}: see its log",
            )
