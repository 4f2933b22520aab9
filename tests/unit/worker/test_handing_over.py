"""Handoffs of a Local session."""

from agents_crds.contract.entries import HandoffEntry, ToolCallEntry
from agents_crds.contract.names import handoff_tool_name
from agents_crds.v1alpha1.limits import PATH_LIMIT
from agents_worker.messages import FunctionCall
from agents_worker.workflows.floor import caller_of
from agents_worker.workflows.handing_over import calls_of, handed_over, handoff_reply
from agents_worker.workflows.local import speaker
from agents_worker.workflows.turn import advanced, after_calls
from tests.unit.worker.chats import call, local
from tests.unit.worker.loops import STATE, answer, loop, said, snapshot

DESK, RATES = local("desk", "rates", "gone", "remote"), local("rates", "desk")
LOOP = loop().model_copy(update={"agent": DESK, "handoffs": (RATES, snapshot("remote"))})


def handing(*names: str) -> tuple[FunctionCall, ...]:
    made = tuple(call(str(number), name) for number, name in enumerate(names))
    return calls_of(LOOP, DESK, made)


def test_the_first_handoff_that_is_possible_has_effect() -> None:
    names = ("pay", *(handoff_tool_name(each) for each in ("gone", "remote", "rates", "rates")))
    calls = handing(*names)
    assert [each.handoff for each in calls] == ["", "", "", "rates", ""]
    pay, gone, remote, made, late = (handoff_reply(LOOP, STATE, each) for each in calls)
    assert pay is None
    assert gone == remote == "This handoff was not made: the run does not know that agent. Go on without it"
    assert made == "The conversation was handed over: the agent rates goes on with it now"
    assert late == "This handoff was not made: only the first one of a turn is"


def test_a_handoff_moves_the_floor_after_the_calls_of_its_turn() -> None:
    calls = handing("pay", handoff_tool_name("rates"))
    state = advanced(LOOP, STATE, answer(said("I ask."), *calls))
    assert caller_of(LOOP, state, calls[0]) is DESK
    state = after_calls(LOOP, state, calls, ("paid", "handed over"))
    assert (state.agent, state.path, speaker(LOOP, state)) == ("rates", ("desk", "rates"), RATES)
    assert [result.text for result in state.results] == ["paid", "handed over"]
    assert state.entries[1:] == (
        ToolCallEntry(agent="desk", name="pay", arguments="{}", result="paid"),
        HandoffEntry(agent="desk", to="rates"),
    )
    assert caller_of(LOOP, state, calls[0]) is RATES


def test_without_a_handoff_the_floor_stays() -> None:
    assert handed_over(LOOP, STATE, handing("pay", handoff_tool_name("gone"))) is STATE


def test_the_latest_of_a_long_path_is_kept() -> None:
    state = STATE.model_copy(update={"path": ("desk", "rates") * PATH_LIMIT, "agent": "desk"})
    after = handed_over(LOOP, state, handing(handoff_tool_name("rates")))
    assert (len(after.path), after.path[-1]) == (PATH_LIMIT, "rates")
