"""How the steps of a history become what happened: the cases that real runs here do not have."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from agents_crds.contract.run import (
    AgentSnapshot,
    FunctionResult,
    Limits,
    LoopInput,
    ProviderSnapshot,
    Usage,
    UserInput,
)
from agents_crds.contract.transcript import (
    HandoffTarget,
    InputMessage,
    LocalAgent,
    ModelMessage,
    TextPart,
    TranscriptCall,
)
from agents_operator.temporal.course import Course
from agents_operator.temporal.happenings import Brought, Called, HandedOff, Said, Told
from agents_operator.temporal.messages import Answer, Entry, Loop, ModelRequest, Progress, ToolRequest
from agents_operator.temporal.messages import Said as SaidToModel

AT = datetime(2026, 3, 1, 12, 0, 3, tzinfo=UTC)


def agent(name: str, local: LocalAgent | None = None) -> AgentSnapshot:
    provider = ProviderSnapshot(name="default", url="http://provider.test", key_path="k", queue="p")
    return AgentSnapshot(
        name=name, remote_id=f"ag_{name}", remote_version=0, provider=provider, tools=(), local=local
    )


def begun(first: AgentSnapshot, *others: AgentSnapshot, **more: object) -> Course:
    limits = Limits(max_turns=3, timeout=timedelta(hours=1))
    loop = LoopInput(agent=first, input="Look", limits=limits, conversation_metadata={}, handoffs=others)
    course = Course()
    course.at = AT
    course.begin(Loop(loop=loop.model_copy(update=more)))
    return course


def test_several_messages_are_what_the_agent_is_asked() -> None:
    messages = (
        InputMessage(role="user", content=(TextPart(text="One"),)),
        InputMessage(role="assistant", content=(TextPart(text="Two"),)),
        InputMessage(role="user", content=(TextPart(text="Three"),)),
    )
    loop = LoopInput(
        agent=agent("desk"),
        input="",
        limits=Limits(max_turns=3, timeout=timedelta(hours=1)),
        conversation_metadata={},
        messages=messages,
    )
    [began] = Course().begin(Loop(loop=loop))
    assert began.model_dump()["text"] == "One\nThree"


def test_a_local_agents_handoff_is_told_as_one_and_its_result_is_not() -> None:
    over = TranscriptCall(id="1", name="handoff_to_rates", arguments="{}")
    rate = TranscriptCall(id="2", name="get_rate", arguments="{}")
    target = HandoffTarget(agent="rates", tool=over.name)
    course = begun(agent("desk", LocalAgent(model="m", handoffs=(target,))), agent("rates"))
    chunks: JsonValue = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "I "}, "look."]
    message = ModelMessage(agent="desk", content=chunks, calls=(rate, over))
    assert course.answered("desk", Answer(message=message)) == (
        Said(at=AT, turn=1, agent="desk", text="I look."),
        Called(at=AT, turn=1, agent="desk", tool="get_rate", arguments="{}"),
        HandedOff(at=AT, turn=1, agent="desk", to="rates"),
    )
    course.carry_out(ToolRequest(name="get_rate", arguments="{}"))
    said = SaidToModel(call_id="1", text="rates has the conversation now")
    assert course.ask(ModelRequest(messages=(said,))) == ()
    assert not course.asks_what_is_told


def test_an_answer_of_a_person_is_the_result_of_the_question_and_told() -> None:
    course = begun(agent("desk"))
    course.answered("desk", Answer(entries=(Entry(type="call", tool_call_id="1", name="ask_user"),)))
    course.heard(UserInput(id="one", text="Bern"))
    result = FunctionResult(tool_call_id="1", text="Bern")
    assert course.ask(ModelRequest(results=(result,))) == (
        Brought(at=AT, turn=1, tool="ask_user", text="Bern"),
        Told(at=AT, turn=1, id="one"),
    )


def test_words_are_told_when_a_model_call_has_them_and_not_before() -> None:
    course = begun(agent("desk"))
    course.heard(UserInput(id="one", text="Hurry"))
    assert course.ask(ModelRequest()) == ()
    hurry = {"role": "user", "content": [{"type": "text", "text": "Hurry"}]}
    said = SaidToModel.model_validate({"type": "said", "message": hurry})
    assert course.ask(ModelRequest(messages=(said,))) == (Told(at=AT, turn=0, id="one"),)


def test_an_agent_that_the_run_does_not_know_goes_by_its_name_at_the_provider() -> None:
    course = begun(agent("desk"))
    over = Entry(type="handoff", next_id="ag_x", next_name="stranger")
    told = course.answered("desk", Answer(entries=(over, Entry(type="message", text="Hello"))))
    assert told == (
        HandedOff(at=AT, turn=1, agent="desk", to="stranger"),
        Said(at=AT, turn=1, agent="stranger", text="Hello"),
    )


def test_without_a_result_the_totals_are_what_was_read() -> None:
    course = begun(agent("desk"))
    course.answered("desk", Answer(usage=Usage(total_tokens=5)))
    course.answered("desk", Answer(usage=Usage(total_tokens=6)))
    course.at = AT + timedelta(seconds=4)
    end = course.end("Terminated", "enough").model_dump()
    assert (end["turn"], end["tokens"], end["seconds"]) == (2, 11, 4.0)


def test_the_start_of_a_later_execution_is_no_news() -> None:
    course = begun(agent("desk"))
    loop = LoopInput(
        agent=agent("desk"),
        input="Look",
        limits=Limits(max_turns=3, timeout=timedelta(hours=1)),
        conversation_metadata={},
    )
    assert course.begin(Loop(loop=loop)) == ()


def test_an_execution_that_is_told_first_goes_on_with_the_totals_of_those_before() -> None:
    loop = LoopInput(
        agent=agent("desk"),
        input="Look",
        limits=Limits(max_turns=3, timeout=timedelta(hours=1)),
        conversation_metadata={},
    )
    course = Course()
    course.begin(Loop(loop=loop, state=Progress(turns=4, usage=Usage(total_tokens=40))))
    course.answered("desk", Answer(usage=Usage(total_tokens=5)))
    end = course.end("Terminated", "enough").model_dump()
    assert (end["turn"], end["tokens"]) == (5, 45)


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("7", True),
        ("7\n\n[Note: the same again]", True),
        ("4.25\n\n[The user says meanwhile: 7]", True),
        ("The rate was 1.57 %", False),
    ],
)
def test_words_that_occur_in_a_result_by_chance_are_not_told(text: str, *, is_told: bool) -> None:
    course = begun(agent("desk"))
    course.heard(UserInput(id="one", text="7"))
    told = course.ask(ModelRequest(results=(FunctionResult(tool_call_id="1", text=text),)))
    assert told == ((Told(at=AT, turn=0, id="one"),) if is_told else ())
