"""Which agent a conversation is with."""

import pytest

from agents_crds.contract.run import AgentUsage, LoopState
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.limits import PATH_LIMIT
from agents_worker.messages import Entry, FunctionCall, Handoff
from agents_worker.workflows.ending import Finish, ended
from agents_worker.workflows.floor import caller_of
from agents_worker.workflows.turn import advanced
from tests.unit.worker.loops import ROUTE, STATE, TOKENS, A, answer, said, snapshot, team, to

RATES = snapshot("rates", ROUTE.model_copy(update={"queue": "of-rates"}))
LOOP = team(RATES, snapshot("news"))
STRANGER = Handoff(next_id="ag_9", next_name="stranger")


def after(*answers: tuple[Entry, ...]) -> LoopState:
    state = STATE
    for entries in answers:
        state = advanced(LOOP, state, answer(*entries))
    return state


@pytest.mark.parametrize(
    ("answers", "path"),
    [
        (((said("hi"),),), ("finance",)),
        (((A,), (said("hi"),)), ("finance",)),
        (((to("rates"), A), (to("finance"), said("hi"))), ("finance", "rates", "finance")),
        (((to("rates"), said("no"), to("news"), to("rates"), A),), ("finance", "rates", "news", "rates")),
        (((STRANGER, A), (to("rates"),)), ("finance", "stranger", "rates")),
        (((Handoff(next_id="ag_9", next_name="rates"),),), ("finance", "ag_9")),
        (((Handoff(next_id="ag_9"),),), ("finance", "ag_9")),
        (((Handoff(next_name="rates"),),), ("finance", "rates")),
        (((Handoff(),),), ("finance", "unknown")),
    ],
)
def test_handoffs_move_the_floor(answers: tuple[tuple[Entry, ...], ...], path: tuple[str, ...]) -> None:
    state = after(*answers)
    assert state.path == path
    result = ended(LOOP, state, Finish(Reason.SUCCEEDED, ""))
    assert (result.path, result.answered_by, result.agents) == (path, path[-1], state.agents)


def test_a_model_call_counts_for_the_agent_that_had_the_floor_when_it_was_made() -> None:
    state = after((to("rates"), A), (A,), (to("finance"), A), (said("done"),))
    assert state.agents == (
        AgentUsage(agent="finance", turns=2, usage=TOKENS + TOKENS),
        AgentUsage(agent="rates", turns=2, usage=TOKENS + TOKENS),
    )
    assert state.usage == TOKENS + TOKENS + TOKENS + TOKENS


def test_the_latest_of_a_long_path_is_kept() -> None:
    state = after(*[(to("rates"), to("finance"))] * PATH_LIMIT, (to("news"),))
    assert len(state.path) == PATH_LIMIT
    assert state.path[-3:] == ("rates", "finance", "news")


@pytest.mark.parametrize(
    ("floor", "agent_id", "caller"),
    [
        ("", "", "finance"),
        ("rates", "", "rates"),
        ("rates", "ag_finance", "finance"),
        ("finance", "ag_rates", "rates"),
        ("rates", "ag_9", "rates"),
        ("stranger", "ag_9", "finance"),
        ("stranger", "ag_rates", "rates"),
    ],
)
def test_a_call_goes_by_the_routes_of_the_agent_that_made_it(floor: str, agent_id: str, caller: str) -> None:
    state = STATE.model_copy(update={"agent": floor})
    call = FunctionCall(agent_id=agent_id, tool_call_id="c", name="pay", arguments="{}")
    assert caller_of(LOOP, state, call).name == caller
