"""The status of an AgentRun, from its start to its outcome; pure."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from agents_crds.contract.answers import answer_value
from agents_crds.contract.run import AgentIdentity, AgentUsage, LoopResult, RunMemo, RunOutcome
from agents_crds.contract.run import Usage as ReportedUsage
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Condition, ConditionType, Reason
from agents_crds.v1alpha1.agentrun import PATH_LIMIT, AgentInRun, AgentVersion, Usage
from agents_crds.v1alpha1.fields import format_duration, utc
from agents_crds.v1alpha1.output import EXCERPT_LIMIT, PREVIEW_BYTES, Output
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.runs.entries import cut, output_entries
from agents_operator.shown import printable
from agents_operator.temporal.workflows import StartedWorkflow

AGENTS_LIMIT = 32
AGENT_NAME_LIMIT = 63
EXPIRY_FORMAT = "%Y-%m-%dT%H:%MZ"


def started_status(run: AgentRun, workflow_id: str, started: StartedWorkflow) -> AgentRunStatus:
    """Record the start, as the workflow itself tells it."""
    return run.status.model_copy(
        update={
            "observed_generation": run.metadata.generation,
            "workflow_id": workflow_id,
            "workflow_run_id": started.run_id,
            "agent": AgentVersion(id=started.memo.agent_id, version=started.memo.agent_version),
            "agents": _known(run, started.memo),
            "start_time": utc(started.start_time),
            "conditions": with_conditions(
                run.status.conditions,
                condition(
                    ConditionType.SUCCEEDED,
                    "Unknown",
                    Reason.RUNNING,
                    "the workflow was started",
                    generation=run.metadata.generation,
                    now=started.start_time,
                ),
            ),
        }
    )


def outcome_status(run: AgentRun, workflow_id: str, outcome: RunOutcome, *, now: datetime) -> AgentRunStatus:
    """Record how the workflow ended, as it reported itself."""
    result = _whole(run, outcome.result)
    succeeded: Literal["True", "False"] = "True" if result.reason is Reason.SUCCEEDED else "False"
    return run.status.model_copy(
        update={
            "workflow_id": workflow_id,
            "agent": AgentVersion(id=outcome.agent_id, version=outcome.agent_version),
            "agents": with_parts(run.status.agents or _known(run, outcome), result.agents),
            "path": tuple(map(cut, result.path[-PATH_LIMIT:])),
            "answered_by": cut(result.answered_by) or None,
            "conversation_id": result.conversation_id,
            "start_time": utc(outcome.started_at),
            "turns": result.turns,
            "usage": _usage(result.usage),
            "output": with_entries(output_of(result), result),
            **_finish(
                run,
                started_at=outcome.started_at,
                finished_at=outcome.finished_at,
                now=now,
                end=_end(run, succeeded, result.reason, result.message, outcome.finished_at),
            ),
        }
    )


def with_parts(known: tuple[AgentInRun, ...], parts: Iterable[AgentUsage]) -> tuple[AgentInRun, ...]:
    """Say of each agent what part it had in the run; one that nobody named has no id."""
    agents = {agent.name: agent.model_copy(update={"turns": 0}) for agent in known}
    for part in parts:
        name = part.agent[:AGENT_NAME_LIMIT]
        before = agents.get(name)
        if before is None and len(agents) == AGENTS_LIMIT:
            continue
        agents[name] = AgentInRun(
            name=name,
            id=before.id if before else "",
            turns=part.turns,
            usage=_usage(part.usage),
        )
    return tuple(agents.values())


def with_entries(answer: Output, result: LoopResult) -> Output:
    """Add what happened on the way to the answer."""
    entries, omitted = output_entries(result.entries, result.entries_omitted)
    return answer.model_copy(update={"entries": entries, "entries_omitted": omitted})


def failed_status(
    run: AgentRun, reason: Reason, message: str, *, finished_at: datetime, now: datetime
) -> AgentRunStatus:
    """Record an end that the workflow could not, or may not, report."""
    return run.status.model_copy(
        update=_finish(
            run,
            started_at=run.status.start_time or finished_at,
            finished_at=finished_at,
            now=now,
            end=_end(run, "False", reason, message, finished_at),
        )
    )


def _known(run: AgentRun, told: RunMemo | RunOutcome) -> tuple[AgentInRun, ...]:
    # What an earlier release started has no handoffs.
    alone = AgentIdentity(name=run.spec.agent_ref.name, id=told.agent_id, version=told.agent_version)
    return tuple(AgentInRun(name=each.name, id=each.id) for each in told.agents or (alone,))


def _whole(run: AgentRun, result: LoopResult) -> LoopResult:
    """Add what workers of the first contract do not tell: there, one agent has it all."""
    if result.agents or not result.turns:
        return result
    name = run.spec.agent_ref.name
    alone = AgentUsage(agent=name, turns=result.turns, usage=result.usage)
    return result.model_copy(update={"agents": (alone,), "path": (name,), "answered_by": name})


def _usage(usage: ReportedUsage) -> Usage:
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        connector_tokens=usage.connector_tokens,
    )


def _end(
    run: AgentRun, succeeded: Literal["True", "False"], reason: Reason, message: str, finished_at: datetime
) -> Condition:
    return condition(
        ConditionType.SUCCEEDED,
        succeeded,
        reason,
        message,
        generation=run.metadata.generation,
        now=finished_at,
    )


def _finish(
    run: AgentRun, *, started_at: datetime, finished_at: datetime, now: datetime, end: Condition
) -> dict[str, object]:
    return {
        "observed_generation": run.metadata.generation,
        "finished": True,
        "completion_time": utc(finished_at),
        # Two clocks may have told them.
        "duration": format_duration(max(finished_at - started_at, timedelta())),
        "expires": expiry(finished_at, run.spec.ttl_seconds_after_finished, now=now),
        "conditions": with_conditions(run.status.conditions, end),
    }


def output_of(result: LoopResult) -> Output:
    """Say what the agent answered, as far as a status holds it."""
    shown = output(result.text, structured=result.structured)
    # Of a long answer, the workflow reports only the start.
    return shown if result.text_bytes is None else shown.model_copy(update={"bytes": result.text_bytes})


def output(text: str, *, structured: bool = False) -> Output:
    """Cut an answer to what a status holds, without control characters; the excerpt is one line.

    JSON is not cut: an answer that fits a schema is there whole, or left out.
    """
    seen = printable(text)
    line = re.sub(r"\s+", " ", seen).strip()
    excerpt = line if len(line) <= EXCERPT_LIMIT else line[: EXCERPT_LIMIT - 1] + "…"
    size = len(text.encode(errors="replace"))
    encoded = seen.encode(errors="replace")
    preview = encoded[:PREVIEW_BYTES]
    whole = Output(
        text=preview.decode(errors="ignore"),
        excerpt=excerpt,
        truncated=len(preview) < len(encoded),
        bytes=size,
        json_omitted=structured,
    )
    if not structured or size > PREVIEW_BYTES:
        return whole
    try:
        value = printable(answer_value(text))
    except ValueError:
        # Only a worker that is not ours says of such a text that it fits.
        return whole
    return whole.model_copy(update={"value": value, "json_omitted": False})


def expiry(finished_at: datetime, ttl_seconds: int | None, *, now: datetime) -> str | None:
    """Name the minute after which the run may be deleted; runs of one minute go in one request.

    It is never a minute that has passed, though an outcome may come late: expired minutes are swept once.
    """
    if ttl_seconds is None:
        return None
    expires = max(finished_at + timedelta(seconds=ttl_seconds), now)
    return utc(expires + timedelta(seconds=59)).replace(second=0).strftime(EXPIRY_FORMAT)
