"""What a run had come to whose workflow was ended from outside."""

from datetime import timedelta

from agents_crds.contract.progress import RunProgress
from agents_crds.contract.run import AgentUsage, Continuation, LoopInput, LoopState, Usage
from agents_crds.contract.transcript import HandoffTarget, LocalAgent, ModelMessage, TranscriptCall
from agents_crds.v1alpha1 import Reason
from agents_operator.temporal.collected import Collected, Summary, advanced, first_state
from agents_operator.temporal.messages import Answer, Entry
from tests.unit.operator.objects import NOW, run
from tests.unit.operator.runs.worlds import linked, ready_world, started

TIMEOUT = timedelta(hours=1)


def loop() -> LoopInput:
    world = ready_world(linked("front", "back", spec={"limits": {"timeout": "1h"}}), linked("back"))
    return started(run(spec={"agentRef": {"name": "front"}}), world).run_input.loop


def local_loop() -> LoopInput:
    """The same of a Local session, in which no agent has an id."""
    remote = loop()
    front = LocalAgent(model="m", handoffs=(HandoffTarget(agent="back", tool="to_back"),))
    return remote.model_copy(
        update={
            "agent": remote.agent.model_copy(update={"remote_id": "", "local": front}),
            "handoffs": tuple(
                each.model_copy(update={"remote_id": "", "local": LocalAgent(model="m")})
                for each in remote.handoffs
            ),
        }
    )


def local_answer(agent: str, text: str, *calls: str, repeated: int = 0) -> Answer:
    made = tuple(
        TranscriptCall(id=f"{number}", name=name, arguments="{}") for number, name in enumerate(calls)
    )
    message = ModelMessage(agent=agent, content=text, calls=made)
    return Answer(message=message, usage=Usage(total_tokens=10), repeated=repeated)


def answer(*entries: Entry, tokens: int = 10) -> Answer:
    return Answer(usage=Usage(total_tokens=tokens), entries=entries, conversation_id="conv_1")


def said(text: str) -> Entry:
    return Entry(type="message", text=text)


def handoff(to: str) -> Entry:
    return Entry(type="handoff", next_id=f"ag_{to}", next_name="as the provider calls it")


CALL = Entry(type="call")
NEW = LoopState(deadline=NOW + TIMEOUT)


def test_answers_are_summed_up_as_the_loop_does() -> None:
    state = advanced(loop(), NEW, [answer(said("I look."), CALL), answer(CALL), answer(said("It reads"))])
    assert (state.turns, state.usage.total_tokens) == (3, 30)
    assert state.collected == "I look.\n\nIt reads"
    assert state.conversation_id == "conv_1"
    assert state.agents == (AgentUsage(agent="front", turns=3, usage=Usage(total_tokens=30)),)


def test_words_of_an_agent_that_handed_off_are_not_the_answer() -> None:
    state = advanced(
        loop(), NEW, [answer(said("Over to back."), handoff("back"), said("Hello")), answer(CALL)]
    )
    assert state.collected == "Hello"
    assert (state.path, state.agent) == (("front", "back"), "back")
    assert [(each.agent, each.turns) for each in state.agents] == [("front", 1), ("back", 1)]


def test_execution_that_goes_on_from_another_keeps_what_that_one_brought() -> None:
    before = NEW.model_copy(
        update={"turns": 200, "collected": "So far.", "usage": Usage(total_tokens=5), "told": ("a",)}
    )
    state = advanced(loop(), before, [answer(said("On."))])
    assert (state.turns, state.usage.total_tokens, state.collected) == (201, 15, "So far.\n\nOn.")
    outcome = Collected(loop(), state, "CallingTools").outcome(
        Reason.STOPPED, "as asked", finished_at=NOW + timedelta(minutes=5), told=("b",)
    )
    assert (outcome.result.reason, outcome.result.turns, outcome.result.told) == ("Stopped", 201, ("a", "b"))
    assert (outcome.started_at, outcome.agent_id) == (NOW, "ag_front")
    assert [each.name for each in outcome.agents] == ["front", "back"]


def test_local_session_is_summed_up_as_the_loop_does() -> None:
    answers: list[Answer | Summary] = [
        local_answer("front", "Over to back.", "read_meter", "to_back", "to_back"),
        Summary(Usage(total_tokens=5), repeated=1),
        local_answer("back", "Hello", "to_back", repeated=2),
    ]
    state = advanced(local_loop(), NEW, answers)
    assert (state.turns, state.usage.total_tokens, state.repeated_calls) == (2, 25, 3)
    assert (state.path, state.agent) == (("front", "back"), "back")
    assert state.collected == "Over to back.\n\nHello"
    assert [(each.agent, each.turns, each.usage.total_tokens) for each in state.agents] == [
        ("front", 1, 10),
        ("back", 1, 15),
    ]


def test_run_that_continues_another_begins_where_that_one_ended() -> None:
    continues = Continuation(workflow_id="w", conversation_id="conv_0", agent="back", fork=False)
    state = first_state(loop().model_copy(update={"continues": continues}), NOW)
    assert (state.agent, state.conversation_id, state.deadline) == ("back", "conv_0", NOW + TIMEOUT)
    branch = continues.model_copy(update={"fork": True})
    assert first_state(loop().model_copy(update={"continues": branch}), NOW).conversation_id is None


def test_run_that_no_worker_has_taken_up_does_nothing() -> None:
    assert Collected(loop(), NEW, None).progress is None
    assert Collected(loop(), NEW, "CallingModel").progress == RunProgress(
        step="CallingModel", agent="front", turns=0, usage=Usage()
    )
