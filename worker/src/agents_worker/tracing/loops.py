"""Tells of loops that workflows of users started: no operator records how these end.

Of the loops of AgentRuns the operator tells.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.worker import ExecuteWorkflowInput, WorkflowInboundInterceptor

from agents_crds.contract.child import ChildLoop
from agents_crds.contract.run import LoopResult
from agents_crds.telemetry.context import TraceContext
from agents_crds.telemetry.spans import Span
from agents_crds.v1alpha1.conditions import Reason

TELL = "durable_agents_tell"
"""Name of the function outside of the sandbox that takes a span."""

_WANTED = frozenset({Reason.SUCCEEDED, Reason.STOPPED, Reason.CANCELLED})


class TellsOfLoops(WorkflowInboundInterceptor):
    """Tells of a loop when it is over, and not when it is replayed."""

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 -- named by Temporal
        """Run it."""
        result = await self.next.execute_workflow(input)
        match input.args, result:
            case [ChildLoop() as child], LoopResult() if not workflow.unsafe.is_replaying():
                info = workflow.info()
                span = loop_span(child, result, info.workflow_id, began=info.start_time, ended=workflow.now())
                tell: Callable[[Span], None] = workflow.extern_functions()[TELL]
                if span is not None:
                    tell(span)
            case _:
                pass
        return result


def loop_span(
    child: ChildLoop, result: LoopResult, workflow_id: str, *, began: datetime, ended: datetime
) -> Span | None:
    """Return the span of a loop whose last execution `began` then; None where nobody is to be told."""
    place = TraceContext.read(child.loop.traceparent)
    if place is None or not place.is_sampled:
        return None
    agent, state = child.loop.agent, child.state
    return Span(
        name=f"invoke_agent {agent.name}",
        context=place,
        parent=TraceContext.read(child.caller),
        began=began if state is None else state.deadline - child.loop.limits.timeout,
        ended=ended,
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": agent.name,
            **({"gen_ai.agent.id": agent.remote_id} if agent.remote_id else {}),
            **({"gen_ai.conversation.id": result.conversation_id} if result.conversation_id else {}),
            "gen_ai.usage.input_tokens": result.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": result.usage.completion_tokens,
            "durable_agents.reason": result.reason.value,
            "durable_agents.turns": result.turns,
            "temporalWorkflowID": workflow_id,
        },
        error="" if result.reason in _WANTED else result.reason.value,
    )
