"""Runs that wait for the end of another one."""

import pytest

from tests.unit.operator.engine.woken import Change, Woken
from tests.unit.operator.objects import Manifest, run

GOES: Manifest = {"workflowId": "inst/team/uid"}
ENDED: Manifest = GOES | {"finished": True}
OF_FIRST: Manifest = {"continueFrom": {"agentRunRef": {"name": "first"}}}

CASES = (
    Change(
        "the run that they continue ends",
        (run("first", status=GOES), run("second", OF_FIRST), run("other"), run("third", OF_FIRST)),
        run("first", status=ENDED, resourceVersion="2"),
        {"run second", "run third"},
    ),
    Change(
        "a run in the same conversation ends",
        (run("second", OF_FIRST, GOES), run("third", OF_FIRST), run("other")),
        run("second", OF_FIRST, ENDED, resourceVersion="2"),
        {"run third"},
    ),
    Change(
        "the run that they continue goes on",
        (run("first"), run("second", OF_FIRST)),
        run("first", status=GOES, resourceVersion="2"),
        set(),
    ),
    Change(
        "a run of that name ends elsewhere",
        (run("first", status=GOES, namespace="elsewhere", uid="e"), run("second", OF_FIRST)),
        run("first", status=ENDED, namespace="elsewhere", uid="e", resourceVersion="2"),
        set(),
    ),
    Change(
        "the run that a started one continued ends",
        (run("first", status=GOES), run("second", OF_FIRST, GOES)),
        run("first", status=ENDED, resourceVersion="2"),
        set(),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
async def test_a_run_is_woken_when_it_is_its_turn(case: Change) -> None:
    woken = await Woken.knowing(*case.known)
    woken.see(case.then)
    assert await woken.woken() == case.woken


async def test_a_run_is_woken_when_the_watch_lost_the_end_of_the_one_before() -> None:
    woken = await Woken.knowing(run("first", status=GOES), run("second", OF_FIRST))
    woken.forget(run("first"))
    assert await woken.woken() == {"run first", "run second"}
