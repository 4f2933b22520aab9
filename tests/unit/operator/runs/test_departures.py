"""Runs that are gone, or ended before they had a workflow."""

import pytest

from agents_crds.v1alpha1 import AgentRun
from agents_operator.runs.departures import shall_have_no_workflow
from tests.unit.operator.objects import run

STARTED = "inst/team/u-1"


@pytest.mark.parametrize(
    ("departed", "expected"),
    [
        pytest.param(run(status={"finished": True}), True, id="ended before its start"),
        pytest.param(run(status={"finished": True, "workflowId": STARTED}), False, id="has an outcome"),
        pytest.param(run(status={"workflowId": STARTED}), False, id="goes on"),
        pytest.param(run(), False, id="may still be started"),
    ],
)
def test_only_a_run_that_ended_before_its_start_shall_have_no_workflow(
    departed: AgentRun, *, expected: bool
) -> None:
    assert shall_have_no_workflow(departed) is expected
