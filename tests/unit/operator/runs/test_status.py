from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.run import LoopResult, RunMemo, RunOutcome
from agents_crds.contract.run import Usage as ReportedUsage
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Reason
from agents_crds.v1alpha1.agentrun import AgentVersion, Usage
from agents_operator.runs.status import expiry, failed_status, outcome_status, output, started_status
from agents_operator.stored import stored_size
from agents_operator.temporal.workflows import StartedWorkflow
from tests.unit.operator.objects import NOW, Manifest, condition, run

WORKFLOW = "inst/team/u-1"
STARTED_AT = NOW - timedelta(seconds=65.25)
MEMO = RunMemo(namespace="team", name="rates-1", uid="u-1", agent_id="ag_1", agent_version=3)
STARTED = StartedWorkflow(run_id="r-1", start_time=STARTED_AT, memo=MEMO, fresh=True)


def outcome(
    reason: Reason = Reason.SUCCEEDED, text: str = "4 %", *, finished_at: datetime = NOW
) -> RunOutcome:
    return RunOutcome(
        result=LoopResult(
            reason=reason,
            message="as it ended",
            text=text,
            turns=3,
            usage=ReportedUsage(prompt_tokens=10, completion_tokens=5, total_tokens=15),
            conversation_id="conv_1",
        ),
        agent_id="ag_1",
        agent_version=3,
        started_at=STARTED_AT,
        finished_at=finished_at,
    )


def ended(ended_run: AgentRun, *, reason: Reason = Reason.SUCCEEDED, text: str = "4 %") -> AgentRunStatus:
    return outcome_status(ended_run, WORKFLOW, outcome(reason, text), now=NOW)


def succeeded(status: AgentRunStatus) -> str:
    (found,) = status.conditions
    return f"{found.type} {found.status} {found.reason}: {found.message}"


def test_start_is_recorded_as_the_workflow_tells_it() -> None:
    status = started_status(run(generation=2), WORKFLOW, STARTED)
    assert (status.workflow_id, status.workflow_run_id) == (WORKFLOW, "r-1")
    assert status.agent == AgentVersion(id="ag_1", version=3)
    assert status.start_time == STARTED_AT.replace(microsecond=0)
    assert status.observed_generation == 2
    assert succeeded(status) == "Succeeded Unknown Running: the workflow was started"
    assert status.finished is None


def test_start_erases_nothing_but_the_reason_for_waiting() -> None:
    before: Manifest = {
        "turns": 1,
        "conditions": [
            condition("Other", "True", "Kept"),
            condition("Succeeded", "Unknown", "AgentNotFound", since="2026-03-01T09:00:00Z"),
        ],
    }
    status = started_status(run(status=before), WORKFLOW, STARTED)
    assert status.turns == 1
    assert [f"{known.type} {known.reason}" for known in status.conditions] == [
        "Other Kept",
        "Succeeded Running",
    ]
    assert status.conditions[1].last_transition_time < STARTED_AT


@pytest.mark.parametrize("reason", Reason)
def test_run_succeeded_for_one_reason_only(reason: Reason) -> None:
    status = ended(run(), reason=reason)
    said = "True" if reason is Reason.SUCCEEDED else "False"
    assert succeeded(status) == f"Succeeded {said} {reason}: as it ended"
    assert status.finished is True


def test_outcome_is_recorded_as_the_workflow_reported_it() -> None:
    status = ended(run(generation=2))
    assert status.workflow_id == WORKFLOW
    assert status.agent == AgentVersion(id="ag_1", version=3)
    assert status.conversation_id == "conv_1"
    assert status.turns == 3
    assert status.usage == Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15)
    assert (status.start_time, status.completion_time) == (STARTED_AT.replace(microsecond=0), NOW)
    assert status.duration == "1m5s"
    assert status.observed_generation == 2
    assert status.output == output("4 %")


def test_outcome_keeps_what_the_start_recorded() -> None:
    started = run(status=started_status(run(), WORKFLOW, STARTED).manifest())
    assert ended(started).workflow_run_id == "r-1"


def test_outcome_without_a_recorded_start_is_whole() -> None:
    status = ended(run())
    assert (status.workflow_run_id, status.workflow_id, status.finished) == (None, WORKFLOW, True)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(started_status(run(), WORKFLOW, STARTED), id="started"),
        pytest.param(ended(run(spec={"ttlSecondsAfterFinished": 60})), id="ended"),
        pytest.param(
            failed_status(run(), Reason.WORKFLOW_LOST, "gone", finished_at=NOW, now=NOW), id="failed"
        ),
    ],
)
def test_status_reads_back_as_it_was_written(status: AgentRunStatus) -> None:
    assert AgentRunStatus.model_validate(status.manifest()) == status


def test_end_that_nobody_reported_says_so_and_keeps_the_start() -> None:
    started = run(status=started_status(run(), WORKFLOW, STARTED).manifest())
    status = failed_status(started, Reason.WORKFLOW_LOST, "gone", finished_at=NOW, now=NOW)
    assert succeeded(status) == "Succeeded False WorkflowLost: gone"
    assert (status.finished, status.workflow_run_id, status.duration) == (True, "r-1", "1m6s")
    assert status.output is None


@pytest.mark.parametrize(
    ("started", "duration"), [(None, "0s"), ("2026-03-01T12:00:33Z", "0s"), ("2026-03-01T11:00:30Z", "1h")]
)
def test_duration_is_never_negative(started: str | None, duration: str) -> None:
    stored = run(status={"startTime": started})
    assert failed_status(stored, Reason.TERMINATED, "", finished_at=NOW, now=NOW).duration == duration


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("", ""),
        ("4 %", "4 %"),
        ("  The rate\n\n\tis 4 %.\n", "The rate is 4 %."),
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 99 + "…"),
    ],
)
def test_excerpt_is_one_short_line(text: str, excerpt: str) -> None:
    assert output(text).excerpt == excerpt


@pytest.mark.parametrize(
    ("text", "kept", "truncated", "size"),
    [
        ("4 %", 3, False, 3),
        ("€" * 10, 10, False, 30),
        ("x" * 8_192, 8_192, False, 8_192),
        ("x" * 8_193, 8_192, True, 8_193),
        ("€" * 2_730, 2_730, False, 8_190),
        ("€" * 2_731, 2_730, True, 8_193),
        ('"' * 4_097, 4_096, True, 4_097),
        ("\u2028<" * 700, 1_365, True, 2_800),
        ("\x00" * 9_000, 0, False, 9_000),
    ],
)
def test_long_answer_is_cut_and_says_so(text: str, kept: int, size: int, *, truncated: bool) -> None:
    cut = output(text)
    assert (len(cut.text), cut.truncated, cut.bytes) == (kept, truncated, size)
    assert (cut.value, cut.json_omitted) == (None, False)


def test_answer_that_was_reported_in_part_tells_its_whole_size() -> None:
    whole = outcome(text="€" * 1_000_000)
    status = outcome_status(run(), "inst/team/u", whole.preview(), now=NOW)
    assert status.output == outcome_status(run(), "inst/team/u", whole, now=NOW).output
    assert status.output is not None
    assert (status.output.truncated, status.output.bytes) == (True, 3_000_000)


@pytest.mark.parametrize(
    ("text", "value", "omitted"),
    [
        ('{"rate": 4.25, "note": null}', {"rate": 4.25, "note": None}, False),
        ("[1, 2]", [1, 2], False),
        ('"' + "x" * 8_190 + '"', "x" * 8_190, False),
        ('"' + "x" * 8_191 + '"', None, True),
        ('"' + "<" * 1_365 + '"', "<" * 1_365, False),
        ('"' + "<" * 1_366 + '"', None, True),
        (" " * 10_000 + "7", 7, False),
        ('"' + "€" * 2_731 + '"', None, True),
    ],
)
def test_answer_that_fits_a_schema_is_there_as_json_or_left_out(
    text: str, value: JsonValue, *, omitted: bool
) -> None:
    kept = output(text, structured=True)
    assert (kept.value, kept.json_omitted) == (value, omitted)
    assert stored_size(kept.text) <= (8_194 if omitted else 1_026)
    assert kept.manifest().get("json") == value


def test_answer_that_was_reported_in_part_is_truncated_whatever_its_start_is() -> None:
    whole = outcome(text="\x00" * 100_000 + "4 %")
    status = outcome_status(run(), WORKFLOW, whole.preview(), now=NOW)
    assert status.output is not None
    assert (status.output.text, status.output.truncated) == ("", True)


@pytest.mark.parametrize(("retention", "until"), [(None, None), (timedelta(days=3), "2026-03-04T12:00:30Z")])
def test_the_whole_can_be_had_for_as_long_as_temporal_keeps_it(
    retention: timedelta | None, until: str | None
) -> None:
    status = outcome_status(run(), WORKFLOW, outcome(), now=NOW + timedelta(hours=1), retention=retention)
    assert status.output is not None
    assert status.output.manifest().get("availableUntil") == until


@pytest.mark.parametrize(
    ("finished_at", "ttl", "expires"),
    [
        ("2026-03-01T12:00:00Z", None, None),
        ("2026-03-01T12:00:00Z", 0, "2026-03-01T12:00Z"),
        ("2026-03-01T12:00:01Z", 0, "2026-03-01T12:01Z"),
        ("2026-03-01T12:00:59Z", 60, "2026-03-01T12:02Z"),
        ("2026-03-01T12:00:30Z", 86_400, "2026-03-02T12:01Z"),
        ("2026-03-01T14:00:00+02:00", 0, "2026-03-01T12:00Z"),
        ("2026-03-01T12:00:00Z", 315_360_000, "2036-02-27T12:00Z"),
    ],
)
def test_run_expires_at_the_first_minute_after_its_ttl(
    finished_at: str, ttl: int | None, expires: str | None
) -> None:
    at = datetime.fromisoformat(finished_at)
    assert expiry(at, ttl, now=at) == expires


def test_run_whose_outcome_comes_late_expires_at_a_minute_that_is_still_to_be_swept() -> None:
    finished_at = NOW - timedelta(hours=1)
    assert expiry(finished_at, 60, now=NOW) == "2026-03-01T12:01Z"
    late = outcome_status(
        run(spec={"ttlSecondsAfterFinished": 60}), WORKFLOW, outcome(finished_at=finished_at), now=NOW
    )
    assert (late.completion_time, late.expires) == (finished_at, "2026-03-01T12:01Z")


@pytest.mark.parametrize("text", ["The rate is 4.25", "[" * 500, "9223372036854775808"])
def test_answer_that_is_no_json_although_its_worker_says_so_is_kept_as_text(text: str) -> None:
    kept = output(text, structured=True)
    assert (kept.text, kept.value, kept.json_omitted) == (text, None, True)


def test_output_has_nothing_that_a_terminal_obeys() -> None:
    found = output('{"a\x9b": "\\u007fred"}', structured=True)
    assert (found.text, found.excerpt, found.value) == ('{"a": "\\u007fred"}',) * 2 + ({"a": "red"},)
