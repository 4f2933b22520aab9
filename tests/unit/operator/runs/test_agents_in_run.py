"""The agents of a run and what happened in it, as its status tells."""

import pytest

from agents_crds.contract.entries import HandoffEntry, MessageEntry, TextContent
from agents_crds.contract.run import AgentIdentity, AgentUsage, LoopResult
from agents_crds.contract.run import Usage as ReportedUsage
from agents_crds.v1alpha1 import AgentRun, AgentRunStatus, Reason
from agents_crds.v1alpha1.agentrun import AgentInRun, Usage
from agents_crds.v1alpha1.limits import PATH_LIMIT
from agents_operator.runs.status import failed_status, outcome_status, started_status
from agents_operator.temporal.workflows import StartedWorkflow
from tests.unit.operator.objects import NOW, run
from tests.unit.operator.runs.test_status import MEMO, STARTED, STARTED_AT, WORKFLOW, ended, outcome

AGENTS = (
    AgentIdentity(name="finance", id="ag_1", version=3),
    AgentIdentity(name="back", id="ag_2", version=0),
)
BEGUN = StartedWorkflow("r-1", STARTED_AT, MEMO.model_copy(update={"agents": AGENTS}), fresh=True)


def begun(started: StartedWorkflow = BEGUN) -> AgentRun:
    return run(status=started_status(run(), WORKFLOW, started).manifest())


def told(of: AgentRun, **result: object) -> AgentRunStatus:
    reported = outcome()
    loop = LoopResult.model_validate(reported.result.model_dump() | result)
    return outcome_status(of, WORKFLOW, reported.model_copy(update={"result": loop}), now=NOW)


def part(agent: str, turns: int, tokens: int) -> AgentUsage:
    return AgentUsage(agent=agent, turns=turns, usage=ReportedUsage(total_tokens=tokens))


def in_run(name: str, id_: str, turns: int, tokens: int | None) -> AgentInRun:
    usage = None if tokens is None else Usage(total_tokens=tokens)
    return AgentInRun(name=name, id=id_, turns=turns, usage=usage)


def test_start_names_every_agent_that_the_run_can_come_to() -> None:
    assert begun().status.agents == (
        AgentInRun(name="finance", id="ag_1"),
        AgentInRun(name="back", id="ag_2"),
    )


def test_start_by_an_earlier_release_names_the_one_agent() -> None:
    assert begun(STARTED).status.agents == (AgentInRun(name="finance", id="ag_1"),)


@pytest.mark.parametrize(
    ("of", "parts", "agents"),
    [
        pytest.param(
            begun(),
            [part("finance", 2, 10), part("back", 1, 5)],
            [in_run("finance", "ag_1", 2, 10), in_run("back", "ag_2", 1, 5)],
            id="both had the floor",
        ),
        pytest.param(
            begun(),
            [part("finance", 3, 15)],
            [in_run("finance", "ag_1", 3, 15), in_run("back", "ag_2", 0, None)],
            id="one was never reached",
        ),
        pytest.param(
            begun(),
            [part("finance", 2, 10), part("Somebody", 1, 5)],
            [
                in_run("finance", "ag_1", 2, 10),
                in_run("back", "ag_2", 0, None),
                in_run("Somebody", "", 1, 5),
            ],
            id="one is not in the snapshot",
        ),
        pytest.param(
            run(),
            [part("finance", 2, 10), part("back", 1, 5)],
            [in_run("finance", "ag_1", 2, 10), in_run("back", "", 1, 5)],
            id="the start was not recorded",
        ),
        pytest.param(
            begun(),
            [part("finance", 1, 1), *(part(f"{number}-\x07{'x' * 300}", 1, 1) for number in range(40))],
            [
                in_run("finance", "ag_1", 1, 1),
                # Not one that had no part, while there is no room for all that had.
                *(in_run(f"{number}-{'x' * 60}"[:60] + "…", "", 1, 1) for number in range(22)),
            ],
            id="many with long names",
        ),
    ],
)
def test_each_agent_s_part_is_recorded(
    of: AgentRun, parts: list[AgentUsage], agents: list[AgentInRun]
) -> None:
    status = told(of, agents=parts)
    assert list(status.agents) == agents
    assert AgentRunStatus.model_validate(status.manifest()) == status


def test_path_and_who_answered_are_recorded() -> None:
    status = told(begun(), agents=[part("back", 1, 1)], path=("finance", "back"), answered_by="back")
    assert (status.path, status.answered_by) == (("finance", "back"), "back")


@pytest.mark.parametrize(("length", "kept"), [(10, PATH_LIMIT), (300, 31)])
def test_long_path_is_there_from_its_end(length: int, kept: int) -> None:
    path = tuple(f"{number}-{'x' * length}" for number in range(PATH_LIMIT + 1))
    status = told(begun(), agents=[part("finance", 1, 1)], path=path, answered_by=path[-1])
    assert len(status.path) == kept
    assert (status.path[0].split("-")[0], status.path[-1]) == (str(PATH_LIMIT + 1 - kept), status.answered_by)
    assert AgentRunStatus.model_validate(status.manifest()) == status


def test_outcome_of_workers_of_the_first_contract_is_whole() -> None:
    status = ended(begun(STARTED))
    usage = Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15)
    assert status.agents == (AgentInRun(name="finance", id="ag_1", turns=3, usage=usage),)
    assert (status.path, status.answered_by) == (("finance",), "finance")


def test_run_that_came_to_no_model_call_was_answered_by_nobody() -> None:
    status = told(begun(), turns=0, usage=ReportedUsage())
    assert (status.path, status.answered_by) == ((), None)
    assert list(status.agents) == [in_run("finance", "ag_1", 0, None), in_run("back", "ag_2", 0, None)]


def test_end_that_nobody_reported_keeps_the_agents() -> None:
    status = failed_status(begun(), Reason.WORKFLOW_LOST, "gone", finished_at=NOW, now=NOW)
    assert status.agents == begun().status.agents


def test_what_happened_is_in_the_output_and_what_does_not_fit_is_counted() -> None:
    happened = (
        HandoffEntry(agent="finance", to="back"),
        MessageEntry(agent="back", content=(TextContent(text="4 %"),)),
    )
    status = told(begun(), entries=happened, entries_omitted=2)
    assert status.output is not None
    assert [entry.agent for entry in status.output.entries] == ["finance", "back"]
    assert status.output.entries_omitted == 2
    assert AgentRunStatus.model_validate(status.manifest()) == status


def test_outcome_names_the_agents_of_a_run_whose_start_was_never_recorded() -> None:
    reported = outcome().model_copy(update={"agents": AGENTS})
    loop = LoopResult.model_validate(reported.result.model_dump() | {"agents": [part("back", 1, 5)]})
    status = outcome_status(run(), WORKFLOW, reported.model_copy(update={"result": loop}), now=NOW)
    assert status.agents == (in_run("finance", "ag_1", 0, None), in_run("back", "ag_2", 1, 5))
