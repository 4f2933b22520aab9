"""What is told of runs, by what was written of them."""

from datetime import timedelta

import pytest

from agents_crds.contract.run import RunOutcome
from agents_crds.telemetry.spans import Span
from agents_crds.v1alpha1 import AgentRun, ConditionType, Reason
from agents_operator.engine.conditions import condition, with_conditions
from agents_operator.runs.conversing import no_question
from agents_operator.runs.status import failed_status, outcome_status
from agents_operator.runs.traces import RunTrace
from agents_operator.tracing.run_spans import spans_of
from tests.unit.operator.objects import NOW, run
from tests.unit.operator.runs.test_status import WORKFLOW, outcome

CREATED = NOW - timedelta(minutes=1)


def told(before: AgentRun, after: AgentRun, ended: RunOutcome | None = None) -> tuple[Span, ...]:
    return spans_of(before, after, ended, RunTrace.of(after.metadata), now=NOW)


def failed(stored: AgentRun, reason: Reason) -> AgentRun:
    status = failed_status(stored, reason, "no", finished_at=NOW, now=NOW)
    return stored.model_copy(update={"status": status})


def test_a_reported_end_is_told_as_the_run_and_its_loop() -> None:
    stored, ended = run(creationTimestamp=CREATED.isoformat()), outcome()
    after = stored.model_copy(update={"status": outcome_status(stored, WORKFLOW, ended, now=NOW)})
    whole, loop = told(stored, after, ended)
    trace = RunTrace.of(stored.metadata)
    assert (whole.name, whole.parent, whole.context) == ("AgentRun finance", None, trace.run)
    assert (whole.began, whole.ended) == (CREATED, NOW)
    assert (loop.name, loop.parent, loop.context) == ("invoke_agent finance", trace.run, trace.loop)
    assert (loop.began, loop.ended) == (ended.started_at, ended.finished_at)
    assert (loop.error, loop.attributes["durable_agents.reason"]) == ("", "Succeeded")
    assert loop.attributes["gen_ai.usage.input_tokens"] == ended.result.usage.prompt_tokens
    assert loop.attributes["gen_ai.usage.output_tokens"] == ended.result.usage.completion_tokens
    assert loop.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert loop.attributes["temporalWorkflowID"] == WORKFLOW
    assert "gen_ai.usage.input_tokens" not in whole.attributes


def test_an_end_without_a_start_is_the_runs_alone() -> None:
    [whole] = told(run(), failed(run(), Reason.STARTING_DEADLINE_EXCEEDED))
    assert (whole.name, whole.error) == ("AgentRun finance", "StartingDeadlineExceeded")


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.PROVIDER_ERROR, "ProviderError"),
        (Reason.TIMED_OUT, "TimedOut"),
        (Reason.STOPPED, ""),
        (Reason.CANCELLED, ""),
        (Reason.TERMINATED, ""),
    ],
)
def test_an_end_that_a_person_wanted_is_no_failure(reason: Reason, error: str) -> None:
    stored = run(status={"startTime": CREATED.isoformat()})
    assert [span.error for span in told(stored, failed(stored, reason))] == [error, error]


def test_what_is_over_already_is_not_told_again() -> None:
    ended = failed(run(), Reason.TIMED_OUT)
    assert told(ended, ended) == ()
    assert told(run(), run(status={"turns": 1})) == ()


def test_a_wait_for_a_person_is_told_when_it_is_over() -> None:
    asked = condition(
        ConditionType.INPUT_REQUIRED, "True", Reason.INPUT_REQUIRED, "Who?", generation=1, now=CREATED
    )
    waits = run().model_copy(update={"status": run().status.model_copy(update={"conditions": (asked,)})})
    conditions = with_conditions((asked,), *no_question((asked,), generation=1, now=NOW))
    goes_on = waits.model_copy(update={"status": waits.status.model_copy(update={"conditions": conditions})})
    assert told(run(), waits) == ()
    [wait] = told(waits, goes_on)
    assert (wait.name, wait.parent) == ("execute_tool ask_user", RunTrace.of(waits.metadata).loop)
    assert (wait.began, wait.ended) == (CREATED, NOW)
    assert told(goes_on, goes_on) == ()
    first, *_ = told(waits, failed(waits, Reason.CANCELLED))
    assert first.name == "execute_tool ask_user"
