from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import Usage as ReportedUsage
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Reason
from agents_crds.v1alpha1.agentrun import Progress, Usage
from agents_crds.v1alpha1.conversation import UserInput
from agents_operator.runs.progress import progress_status, sent_status
from agents_operator.runs.status import failed_status, outcome_status
from tests.unit.operator.objects import NOW, Manifest, condition, run
from tests.unit.operator.runs.test_status import WORKFLOW, outcome

UNTIL = datetime.fromisoformat("2026-03-01T12:30:00Z")
RUNNING = condition("Succeeded", "Unknown", "Running", "the workflow was started")
ASKING: Manifest = {
    "workflowId": WORKFLOW,
    "progress": {"step": "WaitingForInput", "agent": "finance"},
    "conditions": [
        condition("Succeeded", "Unknown", "InputRequired", "answer by …"),
        condition("InputRequired", "True", "InputRequired", "Which rate?"),
    ],
}


def going(*sent: str, told: tuple[str, ...] = (), status: Manifest | None = None) -> AgentRun:
    """A run that goes on, to which these were said."""
    inputs: list[JsonValue] = [{"id": each, "state": "Sent"} for each in sent]
    inputs += [{"id": each, "state": "Told"} for each in told]
    spec: Manifest = {"userInputs": [{"id": each, "text": "Hello"} for each in (*sent, *told)]}
    started: Manifest = {"workflowId": WORKFLOW, "conditions": [RUNNING], "userInputs": inputs}
    return run(uid="u-1", spec=spec, status=started | (status or {}))


def calling_model(*told: str) -> RunProgress:
    usage = ReportedUsage(total_tokens=15)
    return RunProgress(step="CallingModel", agent="finance", turns=2, usage=usage, told=told)


def throttled() -> RunProgress:
    update = {"step": "Waiting", "message": "The provider limits the rate (429)", "until": UNTIL}
    return calling_model().model_copy(update=update)


def asking(*told: str) -> RunProgress:
    update = {"step": "WaitingForInput", "message": "Which rate?", "until": UNTIL}
    return calling_model(*told).model_copy(update=update)


def conditions(status: AgentRunStatus) -> list[str]:
    return [f"{each.type} {each.status} {each.reason}: {each.message}" for each in status.conditions]


def states(status: AgentRunStatus) -> dict[str, str]:
    return {each.id: each.state for each in status.user_inputs}


def test_going_run_shows_step_turns_and_tokens() -> None:
    status = progress_status(going(), calling_model(), now=NOW)
    assert status.progress == Progress(step="CallingModel", agent="finance")
    assert (status.turns, status.usage) == (2, Usage(total_tokens=15))
    assert conditions(status) == ["Succeeded Unknown Running: the workflow was started"]


def test_throttled_run_says_until_when_it_waits() -> None:
    status = progress_status(going(), throttled(), now=NOW)
    assert status.progress == Progress(step="Waiting", agent="finance", until=UNTIL)
    assert conditions(status) == [
        "Succeeded Unknown Waiting: The provider limits the rate (429): goes on by itself at "
        "2026-03-01T12:30:00Z"
    ]
    after = progress_status(going(status=status.manifest()), calling_model(), now=NOW + timedelta(minutes=30))
    assert conditions(after) == ["Succeeded Unknown Running: the run goes on"]


def test_question_is_there_with_the_way_to_answer_it() -> None:
    status = progress_status(going(), asking(), now=NOW)
    assert status.progress == Progress(step="WaitingForInput", agent="finance", until=UNTIL)
    assert conditions(status) == [
        "Succeeded Unknown InputRequired: answer by spec.userInputs before 2026-03-01T12:30:00Z, or the "
        "agent goes on without an answer: Which rate?",
        "InputRequired True InputRequired: Which rate?",
    ]


def test_question_that_waits_no_more_is_taken_back() -> None:
    status = progress_status(going(status=ASKING), calling_model(), now=NOW)
    assert conditions(status) == [
        "Succeeded Unknown Running: the run goes on",
        "InputRequired False InputReceived: the run waits for nobody",
    ]


def test_answered_question_is_no_question_though_no_worker_has_taken_the_answer() -> None:
    status = progress_status(going("late", status=ASKING), asking(), now=NOW)
    assert status.progress is None
    assert "InputRequired False InputReceived: the run waits for nobody" in conditions(status)


def test_another_question_is_one_when_all_that_was_said_was_told() -> None:
    status = progress_status(going("early"), asking("early"), now=NOW)
    assert states(status) == {"early": "Told"}
    assert "InputRequired True InputRequired: Which rate?" in conditions(status)


def test_same_news_twice_changes_nothing() -> None:
    for news in (calling_model(), throttled(), asking()):
        status = progress_status(going(), news, now=NOW)
        told = going(status=status.manifest())
        assert progress_status(told, news, now=NOW + timedelta(minutes=1)) == told.status


def test_sent_answer_ends_the_question() -> None:
    waits = going("a", status=ASKING)
    status = sent_status(waits, [UserInput(id="b", text="The low one")], now=NOW)
    assert states(status) == {"a": "Sent", "b": "Sent"}
    assert status.progress is None
    assert conditions(status) == [
        "Succeeded Unknown Running: the run goes on",
        "InputRequired False InputReceived: the run waits for nobody",
    ]


def test_what_is_said_to_a_run_that_asks_nothing_changes_no_condition() -> None:
    status = sent_status(going(), [UserInput(id="b", text="Be brief")], now=NOW)
    assert conditions(status) == ["Succeeded Unknown Running: the workflow was started"]


def ended(finished: AgentRun, *told: str) -> AgentRunStatus:
    report = outcome()
    result = report.result.model_copy(update={"told": told})
    return outcome_status(finished, WORKFLOW, report.model_copy(update={"result": result}), now=NOW)


@pytest.mark.parametrize(
    ("before", "told", "after"),
    [
        pytest.param(going("a"), ("a",), {"a": "Told"}, id="told at last"),
        pytest.param(going(told=("a",)), (), {"a": "Told"}, id="told long ago"),
        pytest.param(going("a"), (), {"a": "Refused"}, id="never told"),
        pytest.param(
            going().model_copy(
                update={"spec": going("new").spec},
            ),
            (),
            {"new": "Refused"},
            id="never sent",
        ),
    ],
)
def test_end_settles_what_was_said(before: AgentRun, told: tuple[str, ...], after: dict[str, str]) -> None:
    assert states(ended(before, *told)) == after


def test_end_leaves_no_question_and_no_step() -> None:
    asked = going(status=ASKING)
    failed = failed_status(asked, Reason.TERMINATED, "gone", finished_at=NOW, now=NOW)
    for status in (ended(asked), failed):
        assert status.progress is None
        assert "InputRequired False InputReceived: the run waits for nobody" in conditions(status)


def test_end_tells_of_calls_that_were_repeated() -> None:
    report = outcome()
    result = report.result.model_copy(update={"repeated_calls": 2})
    again = outcome_status(going(), WORKFLOW, report.model_copy(update={"result": result}), now=NOW)
    assert (again.repeated_calls, ended(going()).repeated_calls) == (2, None)
