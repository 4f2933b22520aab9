"""The spans of an AgentRun, of what was written to its status; pure.

Names and attributes are those of OpenTelemetry's conventions for generative AI, as far as these have them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from agents_crds.contract.names import ASK_USER
from agents_crds.contract.run import RunOutcome
from agents_crds.telemetry.spans import Attributes, Span, Value
from agents_crds.v1alpha1 import AgentRun, Condition, ConditionType
from agents_operator.engine.conditions import find
from agents_operator.runs.plan import SHUTDOWN_REASONS
from agents_operator.runs.traces import RunTrace

_WANTED = frozenset(SHUTDOWN_REASONS.values())
# To what a status cuts its times.
_SECOND = timedelta(seconds=1)


def spans_of(
    before: AgentRun, after: AgentRun, outcome: RunOutcome | None, trace: RunTrace, *, now: datetime
) -> tuple[Span, ...]:
    """Return the spans that are over by a write; `outcome` has the times, where the workflow told them."""
    spans = list(_waits(before, after, trace))
    if after.status.finished and not before.status.finished:
        spans += _ends(after, outcome, trace, now=now)
    return tuple(spans)


def _waits(before: AgentRun, after: AgentRun, trace: RunTrace) -> Iterator[Span]:
    """Find a wait for a person that is over; times are those of the condition, in whole seconds."""
    asked, answered = (find(run.status.conditions, ConditionType.INPUT_REQUIRED) for run in (before, after))
    if asked is None or answered is None or asked.status != "True" or answered.status == "True":
        return
    since = asked.last_transition_time
    yield Span(
        name=f"execute_tool {ASK_USER}",
        context=trace.loop.child(after.metadata.uid, ASK_USER, since.isoformat()),
        parent=trace.loop,
        began=since,
        ended=answered.last_transition_time,
        attributes={
            **_about(after),
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": ASK_USER,
            "gen_ai.tool.type": "function",
        },
    )


def _ends(run: AgentRun, outcome: RunOutcome | None, trace: RunTrace, *, now: datetime) -> Iterator[Span]:
    end = find(run.status.conditions, ConditionType.SUCCEEDED)
    if end is None:
        return
    error = "" if end.status == "True" or end.reason in _WANTED else end.reason
    created = run.metadata.creation_timestamp or now
    yield Span(
        name=f"AgentRun {run.spec.agent_ref.name}",
        context=trace.run,
        parent=trace.caller,
        began=created,
        ended=now,
        attributes={**_about(run), **_ending(run, end)},
        error=error,
    )
    if run.status.start_time is None:
        return
    # Without an outcome the end was found out some time after.
    ended = outcome.finished_at if outcome else min(now, (run.status.completion_time or now) + _SECOND)
    yield Span(
        name=f"invoke_agent {run.spec.agent_ref.name}",
        context=trace.loop,
        parent=trace.run,
        began=outcome.started_at if outcome else run.status.start_time,
        ended=ended,
        attributes={**_about(run), **_ending(run, end), **_invocation(run)},
        error=error,
    )


def _about(run: AgentRun) -> Attributes:
    about: dict[str, Value] = {
        "gen_ai.agent.name": run.spec.agent_ref.name,
        "k8s.namespace.name": run.metadata.namespace,
        "durable_agents.run.name": run.metadata.name,
        "durable_agents.run.uid": run.metadata.uid,
    }
    if run.status.workflow_id:
        about["temporalWorkflowID"] = run.status.workflow_id
    return about


def _ending(run: AgentRun, end: Condition) -> Attributes:
    return {"durable_agents.reason": end.reason, "durable_agents.turns": run.status.turns or 0}


def _invocation(run: AgentRun) -> Attributes:
    status = run.status
    told: dict[str, Value] = {"gen_ai.operation.name": "invoke_agent"}
    if status.usage is not None:
        told["gen_ai.usage.input_tokens"] = status.usage.prompt_tokens
        told["gen_ai.usage.output_tokens"] = status.usage.completion_tokens
    if status.agent is not None and status.agent.id:
        told["gen_ai.agent.id"] = status.agent.id
    if status.conversation_id:
        told["gen_ai.conversation.id"] = status.conversation_id
    if status.answered_by:
        told["durable_agents.answered_by"] = status.answered_by
    return told
