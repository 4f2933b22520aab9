from datetime import datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from agents_crds.contract.names import RunIdentity
from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import LoopState, RunMemo, Usage
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Reason
from agents_operator.engine.world import Key
from agents_operator.runs.closing import Closed, closed_status
from agents_operator.runs.sweep import orphaned, unaccompanied, unrecorded, with_news
from agents_operator.temporal.collected import Collected
from agents_operator.temporal.workflows import OpenWorkflow, WorkflowState
from tests.unit.operator.objects import NOW, Manifest, condition, run
from tests.unit.operator.runs.test_status import outcome
from tests.unit.operator.runs.worlds import ready_world, started, world_of

OLD = NOW - timedelta(minutes=5)
BEFORE = NOW - timedelta(minutes=2)
YOUNG = NOW - timedelta(minutes=1)
IDENTITY = RunIdentity("inst", "team", "u-1")
STARTED: Manifest = {"workflowId": "inst/team/u-1", "startTime": "2026-03-01T11:50:00Z"}


def workflow(uid: str = "u-1", *, start_time: datetime = OLD, memo: bool = True) -> OpenWorkflow:
    said = RunMemo(namespace="team", name="rates-1", uid=uid, agent_id="ag_1", agent_version=3)
    return OpenWorkflow(RunIdentity("inst", "team", uid), start_time, said if memo else None)


def going(progress: RunProgress | None, *, seconds: int = 11) -> OpenWorkflow:
    start_time = NOW - timedelta(seconds=seconds)
    return OpenWorkflow(RunIdentity("inst", "team", "u-1"), start_time, memo=None, progress=progress)


KEY = Key("team", "rates-1", "u-1")


@pytest.mark.parametrize(
    ("runs", "found", "orphans"),
    [
        pytest.param([], workflow(), (KEY,), id="without a run"),
        pytest.param([run(uid="u-1")], workflow(), (), id="of a run"),
        pytest.param([run(uid="u-2")], workflow(), (KEY,), id="of a run that was recreated"),
        pytest.param([run(uid="u-1", status={"finished": True})], workflow(), (KEY,), id="of a finished run"),
        pytest.param([], workflow(start_time=YOUNG), (), id="too young"),
        pytest.param([], workflow(memo=False), (), id="without a memo to look the run up by"),
    ],
)
def test_workflow_is_orphaned(runs: list[AgentRun], found: OpenWorkflow, orphans: tuple[Key, ...]) -> None:
    assert orphaned([found], runs, before=BEFORE) == orphans


@pytest.mark.parametrize(
    ("swept", "workflows", "alone"),
    [
        pytest.param(run(uid="u-1", status=STARTED), [], True, id="without a workflow"),
        pytest.param(run(uid="u-1", status=STARTED), [workflow()], False, id="with one"),
        pytest.param(run(uid="u-1", status=STARTED), [workflow("u-2")], True, id="with another one's"),
        pytest.param(run(uid="u-1"), [], False, id="not started"),
        pytest.param(run(uid="u-1", status=STARTED | {"finished": True}), [], False, id="finished"),
        pytest.param(
            run(uid="u-1", status=STARTED | {"startTime": "2026-03-01T12:00:00Z"}), [], False, id="too young"
        ),
    ],
)
def test_run_is_unaccompanied(swept: AgentRun, workflows: list[OpenWorkflow], *, alone: bool) -> None:
    assert unaccompanied([swept], workflows, before=BEFORE) == ((swept,) if alone else ())


@pytest.mark.parametrize(
    ("swept", "workflows", "found"),
    [
        pytest.param(run(uid="u-1"), [workflow()], True, id="started and never recorded"),
        pytest.param(run(uid="u-1"), [workflow(start_time=YOUNG)], False, id="about to be recorded"),
        pytest.param(run(uid="u-1"), [workflow("u-2")], False, id="not started"),
        pytest.param(run(uid="u-1", status=STARTED), [workflow()], False, id="recorded"),
    ],
)
def test_start_that_was_not_recorded_is_found(
    swept: AgentRun, workflows: list[OpenWorkflow], *, found: bool
) -> None:
    assert unrecorded([swept], workflows, before=BEFORE) == ((swept,) if found else ())


CALLING = RunProgress(step="CallingModel", agent="finance", turns=2, usage=Usage())
SHOWN: Manifest = STARTED | {
    "turns": 2,
    "usage": {},
    "progress": {"step": "CallingModel", "agent": "finance"},
    "conditions": [condition("Succeeded", "Unknown", "Running")],
}


@pytest.mark.parametrize(
    ("swept", "found", "told"),
    [
        pytest.param(run(uid="u-1", status=STARTED), going(CALLING), True, id="not told yet"),
        pytest.param(run(uid="u-1", status=SHOWN), going(CALLING), False, id="told"),
        pytest.param(run(uid="u-1", status=SHOWN | {"turns": 1}), going(CALLING), True, id="gone on"),
        pytest.param(run(uid="u-1", status=STARTED), going(None), True, id="tells nothing of itself"),
        pytest.param(run(uid="u-1", status=SHOWN), going(None), False, id="was found out about"),
        pytest.param(run(uid="u-1", status=STARTED), going(CALLING, seconds=9), False, id="young"),
        pytest.param(run(uid="u-1"), going(CALLING), False, id="not recorded"),
        pytest.param(run(uid="u-1", status=STARTED | {"finished": True}), going(CALLING), False, id="over"),
        pytest.param(run(uid="u-2", status=STARTED), going(CALLING), False, id="gone"),
    ],
)
def test_run_that_does_something_else_is_news(swept: AgentRun, found: OpenWorkflow, *, told: bool) -> None:
    assert with_news(world_of(swept).runs, found, now=NOW) == (swept if told else None)


def closed(state: WorkflowState | None) -> AgentRunStatus:
    return closed_status(run(uid="u-1", status=STARTED), IDENTITY, Closed(state), now=NOW)


def reason(status: AgentRunStatus) -> str:
    (found,) = status.conditions
    return f"{found.status} {found.reason}"


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (WorkflowExecutionStatus.TERMINATED, Reason.TERMINATED),
        (WorkflowExecutionStatus.CANCELED, Reason.CANCELLED),
        (WorkflowExecutionStatus.TIMED_OUT, Reason.TIMED_OUT),
        (WorkflowExecutionStatus.FAILED, Reason.WORKFLOW_FAILED),
    ],
)
def test_workflow_that_ended_behind_our_back_fails_its_run(
    ended: WorkflowExecutionStatus, expected: Reason
) -> None:
    status = closed(WorkflowState(ended, OLD, None))
    assert reason(status) == f"False {expected}"
    assert (status.finished, status.completion_time) == (True, OLD)


@pytest.mark.parametrize(
    ("spec", "expected", "said"),
    [
        ({}, "False Terminated", "the workflow was terminated in Temporal"),
        ({"shutdown": "Stop"}, "False Stopped", "spec.shutdown is Stop: the output is what was collected"),
    ],
)
def test_workflow_that_was_ended_from_outside_leaves_what_was_collected(
    spec: Manifest, expected: str, said: str
) -> None:
    state = LoopState(deadline=NOW, turns=2, collected="So far.", conversation_id="conv_1")
    loop = started(run(), ready_world()).run_input.loop
    ended = WorkflowState(WorkflowExecutionStatus.TERMINATED, OLD, None)
    status = closed_status(
        run(uid="u-1", spec=spec, status=STARTED),
        IDENTITY,
        Closed(ended, Collected(loop, state, "CallingTools")),
        now=NOW,
    )
    assert (reason(status), status.conditions[0].message) == (expected, said)
    assert (status.turns, status.conversation_id, status.completion_time) == (2, "conv_1", OLD)
    assert status.output is not None
    assert status.output.text == "So far."


def test_workflow_whose_report_was_lost_gives_its_own_outcome() -> None:
    status = closed(WorkflowState(WorkflowExecutionStatus.COMPLETED, OLD, outcome()))
    assert reason(status) == "True Succeeded"
    assert status.output is not None
    assert status.output.text == "4 %"


def test_workflow_whose_result_cannot_be_read_fails_its_run() -> None:
    status = closed(WorkflowState(WorkflowExecutionStatus.COMPLETED, OLD, None))
    assert reason(status) == "False WorkflowFailed"


def test_workflow_whose_result_is_no_longer_in_the_store_fails_its_run() -> None:
    status = closed(WorkflowState(WorkflowExecutionStatus.COMPLETED, OLD, None, lost="the store has no key"))
    assert reason(status) == "False ResultLost"
    assert status.conditions[0].message == "the run ended, and its result is gone: the store has no key"
    assert (status.finished, status.completion_time) == (True, OLD)


def test_workflow_that_temporal_no_longer_has_is_lost() -> None:
    status = closed(None)
    assert reason(status) == "False WorkflowLost"
    assert "inst/team/u-1" in status.conditions[0].message
    assert status.completion_time == NOW
