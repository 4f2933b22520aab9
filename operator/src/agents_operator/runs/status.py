"""The status of an AgentRun, from its start to its outcome; pure."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from pydantic import JsonValue

from agents_crds.contract.answers import answer_value
from agents_crds.contract.run import AgentIdentity, AgentUsage, LoopResult, RunMemo, RunOutcome
from agents_crds.contract.run import Usage as ReportedUsage
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Condition, ConditionType, Reason
from agents_crds.v1alpha1.agentrun import AgentInRun, AgentVersion, Usage
from agents_crds.v1alpha1.fields import format_duration, utc
from agents_crds.v1alpha1.limits import PATH_LIMIT
from agents_crds.v1alpha1.output import (
    EXCERPT_LIMIT,
    PREVIEW_BESIDE_JSON_BYTES,
    PREVIEW_BYTES,
    Output,
)
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.runs.conversing import no_question, settled_inputs
from agents_operator.runs.entries import ENTRIES_LIMIT, cut, output_entries
from agents_operator.shown import printable
from agents_operator.stored import STATUS_BYTES, first_of, last_of, size_of, start_of, stored_size
from agents_operator.temporal.workflows import StartedWorkflow

AGENTS_LIMIT = 32
AGENT_NAME_LIMIT = 63
AGENTS_BYTES = 4_096
"""Of the agents of a run that is over; before, Agents must not be deleted while they are named there."""
PATH_BYTES = 2_048
END_MESSAGE_BYTES = 1_024
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
            "conversation_id": started.memo.conversation_id,
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


def outcome_status(
    run: AgentRun, workflow_id: str, outcome: RunOutcome, *, now: datetime, retention: timedelta | None = None
) -> AgentRunStatus:
    """Record how the workflow ended, as it reported itself; Temporal has it for the `retention` then."""
    result = _whole(run, outcome.result)
    succeeded: Literal["True", "False"] = "True" if result.reason is Reason.SUCCEEDED else "False"
    until = None if retention is None else utc(outcome.finished_at + retention)
    ended = run.status.model_copy(
        update={
            "workflow_id": workflow_id,
            "agent": AgentVersion(id=outcome.agent_id, version=outcome.agent_version),
            "agents": with_parts(run.status.agents or _known(run, outcome), result.agents),
            "path": tuple(map(_agent_name, result.path[-PATH_LIMIT:])),
            "answered_by": _agent_name(result.answered_by) or None,
            "conversation_id": result.conversation_id,
            "start_time": utc(outcome.started_at),
            "turns": result.turns,
            "usage": usage_of(result.usage),
            "repeated_calls": result.repeated_calls or None,
            "output": output_of(result).model_copy(update={"available_until": until}),
            **_finish(
                run,
                started_at=outcome.started_at,
                finished_at=outcome.finished_at,
                now=now,
                end=_end(run, succeeded, result.reason, result.message, outcome.finished_at),
                told=result.told,
            ),
        }
    )
    return _with_what_fits(ended, result)


def with_parts(known: tuple[AgentInRun, ...], parts: Iterable[AgentUsage]) -> tuple[AgentInRun, ...]:
    """Say of each agent what part it had in the run; one that nobody named has no id."""
    agents = {agent.name: agent.model_copy(update={"turns": 0}) for agent in known}
    for part in parts:
        name = _agent_name(part.agent)
        before = agents.get(name)
        if before is None and len(agents) == AGENTS_LIMIT:
            continue
        agents[name] = AgentInRun(
            name=name,
            id=before.id if before else "",
            turns=part.turns,
            usage=usage_of(part.usage),
        )
    return tuple(agents.values())


def with_entries(answer: Output, result: LoopResult, limit: int = ENTRIES_LIMIT) -> Output:
    """Add what happened on the way to the answer, as much as is kept in `limit` bytes."""
    entries, omitted = output_entries(result.entries, result.entries_omitted, limit)
    return answer.model_copy(update={"entries": entries, "entries_omitted": omitted})


def _with_what_fits(status: AgentRunStatus, result: LoopResult) -> AgentRunStatus:
    """Keep of agents, path and entries what the object has room for: the history has all of it."""
    room = STATUS_BYTES - size_of(status.model_copy(update={"agents": (), "path": ()}))
    taking_part = first_of(sorted(status.agents, key=lambda agent: not agent.turns), min(room, AGENTS_BYTES))
    agents = tuple(agent for agent in status.agents if agent in taking_part)
    room -= sum(map(size_of, agents)) + len(agents)
    path = last_of(status.path, min(room, PATH_BYTES))
    room -= sum(map(size_of, path)) + len(path)
    answer = status.output and with_entries(status.output, result, min(room, ENTRIES_LIMIT))
    return status.model_copy(update={"agents": agents, "path": path, "output": answer})


def _agent_name(name: str) -> str:
    return cut(name, AGENT_NAME_LIMIT)


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


def usage_of(usage: ReportedUsage) -> Usage:
    """Return tokens as a status has them."""
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
        cut(message, END_MESSAGE_BYTES),
        generation=run.metadata.generation,
        now=finished_at,
    )


def _finish(
    run: AgentRun,
    *,
    started_at: datetime,
    finished_at: datetime,
    now: datetime,
    end: Condition,
    told: Iterable[str] = (),
) -> dict[str, object]:
    generation = run.metadata.generation
    return {
        "observed_generation": generation,
        "finished": True,
        "progress": None,
        "user_inputs": settled_inputs(run, told),
        "completion_time": utc(finished_at),
        # Two clocks may have told them.
        "duration": format_duration(max(finished_at - started_at, timedelta())),
        "expires": expiry(finished_at, run.spec.ttl_seconds_after_finished, now=now),
        "conditions": with_conditions(
            run.status.conditions,
            end,
            *no_question(run.status.conditions, generation=generation, now=finished_at),
        ),
    }


def output_of(result: LoopResult) -> Output:
    """Say what the agent answered, as far as a status holds it."""
    shown = output(result.text, structured=result.structured)
    if result.text_bytes is None:
        return shown
    # Of a long answer, the workflow reports only the start.
    return shown.model_copy(update={"bytes": result.text_bytes, "truncated": True})


def output(text: str, *, structured: bool = False) -> Output:
    """Cut an answer to what a status holds, without control characters; the excerpt is one line.

    JSON is not cut: an answer that fits a schema is there whole, or left out. Where it is there, little of
    the text is.
    """
    seen = printable(text)
    line = re.sub(r"\s+", " ", seen).strip()
    excerpt = line if len(line) <= EXCERPT_LIMIT else line[: EXCERPT_LIMIT - 1] + "…"
    value = _value(text) if structured else _Omitted()
    omitted = isinstance(value, _Omitted)
    preview = start_of(seen, PREVIEW_BYTES if omitted else PREVIEW_BESIDE_JSON_BYTES)
    return Output(
        text=preview,
        excerpt=excerpt,
        truncated=len(preview) < len(seen),
        bytes=len(text.encode(errors="replace")),
        value=None if isinstance(value, _Omitted) else value,
        json_omitted=structured and omitted,
    )


class _Omitted:
    """In place of JSON, of which null is a value too."""


def _value(text: str) -> JsonValue | _Omitted:
    try:
        value = printable(answer_value(text))
    except ValueError:
        # It was reported in part, or a worker that is not ours says of such a text that it fits.
        return _Omitted()
    return value if stored_size(value) <= PREVIEW_BYTES else _Omitted()


def expiry(finished_at: datetime, ttl_seconds: int | None, *, now: datetime) -> str | None:
    """Name the minute after which the run may be deleted; runs of one minute go in one request.

    It is never a minute that has passed, though an outcome may come late: expired minutes are swept once.
    """
    if ttl_seconds is None:
        return None
    expires = max(finished_at + timedelta(seconds=ttl_seconds), now)
    return utc(expires + timedelta(seconds=59)).replace(second=0).strftime(EXPIRY_FORMAT)
