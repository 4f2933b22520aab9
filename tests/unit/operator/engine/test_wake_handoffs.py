"""Who is woken when Agents that hand off to each other come, change and go."""

import pytest

from tests.unit.operator.engine.woken import Change, Watched, Woken
from tests.unit.operator.objects import DELETED, Manifest, agent, run

TO_B: Manifest = {"handoffs": [{"agentRef": {"name": "b"}}]}


def made(**fields: str | int) -> Manifest:
    return {"remote": {"id": "ag_b", "provider": "default", **fields}}


LINKED: Manifest = {"remote": {"id": "ag_a", "handoffs": [{"name": "b", "id": "ag_b"}]}}
UNLINKED: Manifest = {"remote": {"id": "ag_a"}}
GOING = agent("b", status=made(), deletionTimestamp=DELETED)
REACHING: Manifest = {
    "workflowId": "inst/team/uid",
    "agents": [{"name": "a", "id": "ag_a"}, {"name": "b", "id": "ag_b"}],
}


CASES = (
    Change("target comes", (agent("a", TO_B), agent("other")), agent("b"), {"agent a", "agent b"}),
    Change(
        "target has a remote agent",
        (agent("a", TO_B), agent("b")),
        agent("b", status=made(), resourceVersion="2"),
        {"agent a"},
    ),
    Change(
        "target's remote agent has another version",
        (agent("a", TO_B), agent("b", status=made(version=1))),
        agent("b", status=made(version=2), resourceVersion="2"),
        set(),
    ),
    Change(
        "target's remote agent is another one",
        (agent("a", TO_B), agent("b", status=made())),
        agent("b", status=made(id="ag_c"), resourceVersion="2"),
        {"agent a"},
    ),
    Change(
        "target is being deleted",
        (agent("a", TO_B), agent("b", status=made())),
        agent("b", status=made(), resourceVersion="2", deletionTimestamp=DELETED),
        {"agent a", "agent b"},
    ),
    Change(
        "target of a link that is no longer asked for is being deleted",
        (agent("a", status=LINKED), agent("b", status=made())),
        agent("b", status=made(), resourceVersion="2", deletionTimestamp=DELETED),
        {"agent a", "agent b"},
    ),
    Change(
        "target is to be at another provider",
        (agent("a", TO_B), agent("b")),
        agent("b", {"providerRef": {"name": "other"}}, resourceVersion="2", generation=2),
        {"agent a", "agent b"},
    ),
    Change(
        "target is to have another session",
        (agent("a", TO_B), agent("b")),
        agent("b", {"session": "Local"}, resourceVersion="2", generation=2),
        {"agent a", "agent b"},
    ),
    Change(
        "referrer is unlinked from one that goes",
        (agent("a", TO_B, LINKED), GOING),
        agent("a", TO_B, UNLINKED, resourceVersion="2"),
        {"agent b"},
    ),
    Change(
        "referrer is unlinked from one that stays",
        (agent("a", TO_B, LINKED), agent("b", status=made())),
        agent("a", TO_B, UNLINKED, resourceVersion="2"),
        set(),
    ),
    Change(
        "referrer is being deleted too",
        (agent("a", TO_B, LINKED), GOING),
        agent("a", TO_B, LINKED, resourceVersion="2", deletionTimestamp=DELETED),
        {"agent a", "agent b"},
    ),
    Change(
        "referrer is suspended",
        (agent("a", TO_B, LINKED), GOING),
        agent("a", TO_B | {"suspend": True}, LINKED, resourceVersion="2", generation=2),
        {"agent a", "agent b"},
    ),
    Change(
        "run that could come to it is finished",
        (agent("a"), GOING, run(spec={"agentRef": {"name": "a"}}, status=REACHING)),
        run(spec={"agentRef": {"name": "a"}}, status=REACHING | {"finished": True}, resourceVersion="2"),
        {"agent b"},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
async def test_change_wakes_those_at_the_other_end(case: Change) -> None:
    woken = await Woken.knowing(*case.known)
    woken.see(case.then)
    assert await woken.woken() == case.woken


@pytest.mark.parametrize(
    ("known", "gone", "expected"),
    [
        ((agent("a", TO_B), agent("b")), agent("b"), {"agent a"}),
        ((agent("a", TO_B, LINKED), GOING), agent("a"), {"agent b"}),
    ],
    ids=["target", "referrer"],
)
async def test_departure_wakes_those_at_the_other_end(
    known: tuple[Watched, ...], gone: Watched, expected: set[str]
) -> None:
    woken = await Woken.knowing(*known)
    woken.forget(gone)
    assert await woken.woken() == expected
