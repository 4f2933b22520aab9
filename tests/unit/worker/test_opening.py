"""What a loop goes on with: a conversation as it was left, or a transcript."""

import pytest

from agents_crds.contract.run import Continuation, FunctionResult
from agents_crds.contract.transcript import (
    ImagePart,
    InputMessage,
    ModelMessage,
    ResultMessage,
    SaidMessage,
    TextPart,
    TranscriptCall,
    TranscriptMessage,
)
from agents_worker.messages import OpenedConversation
from agents_worker.workflows.opening import NO_RESULT, gone_on, noted, opened_at
from agents_worker.workflows.turn import said
from tests.unit.worker.loops import STATE, loop

CONTINUES = Continuation(workflow_id="w", conversation_id="conv_1", agent="rates", fork=False)
ASKED = SaidMessage(message=said("What is the rate?"))
NEXT = said("And before?")
CALLS = tuple(TranscriptCall(id=name, name="get_rate", arguments="{}") for name in "ab")
CALLED = ModelMessage(agent="rates", calls=CALLS)
WROTE = ModelMessage(agent="rates", content="4.25")


def told(call: str, text: str = "4.25") -> ResultMessage:
    return ResultMessage(call_id=call, name="get_rate", text=text)


NOTE = "\n\n[The user says now: And before?]"


@pytest.mark.parametrize(
    ("transcript", "added"),
    [
        ((), (SaidMessage(message=NEXT),)),
        ((ASKED, WROTE), (SaidMessage(message=NEXT),)),
        ((ASKED, CALLED, told("a"), told("b"), WROTE), (SaidMessage(message=NEXT),)),
        ((ASKED, CALLED, told("a")), (told("b", NO_RESULT + NOTE),)),
        ((ASKED, CALLED), (told("a", NO_RESULT), told("b", NO_RESULT + NOTE))),
    ],
)
def test_a_transcript_goes_on_with_what_is_said(
    transcript: tuple[TranscriptMessage, ...], added: tuple[TranscriptMessage, ...]
) -> None:
    assert gone_on(transcript, (NEXT,)) == (*transcript, *added)


def test_behind_results_that_the_model_did_not_see_the_words_are_a_note() -> None:
    before = (ASKED, CALLED, told("a"))
    *rest, last = gone_on((*before, told("b")), (NEXT,))
    assert tuple(rest) == before
    assert last == told("b", f"4.25{NOTE}")


def test_a_note_has_the_words_of_all_messages_and_the_addresses_of_images() -> None:
    picture = ImagePart(url="https://example.com/cat.png")
    seen = InputMessage(role="user", content=(TextPart(text="Look:"), picture))
    assert noted("3", (said("One."), seen)) == (
        "3\n\n[The user says now: One.\n\nLook:\n[image: https://example.com/cat.png]]"
    )


def test_words_people_said_before_the_conversation_was_found_come_after_the_input() -> None:
    state = STATE.model_copy(update={"say": (NEXT,), "throttled": 2, "key_failures": 1})
    opened = opened_at(loop(), CONTINUES, state, OpenedConversation(last_entry="msg_1"))
    assert opened.say == (said("What is the rate?"), NEXT)
    assert (opened.conversation_id, opened.last_entry, opened.agent) == ("conv_1", "msg_1", "rates")
    assert (opened.opened, opened.throttled, opened.key_failures) == (True, 0, 0)


def test_a_branch_has_no_conversation_yet() -> None:
    fork = CONTINUES.model_copy(update={"fork": True})
    opened = opened_at(loop(), fork, STATE, OpenedConversation(last_entry="msg_1"))
    assert (opened.conversation_id, opened.last_entry) == (None, "msg_1")


def test_calls_that_wait_are_answered_before_anything_is_said() -> None:
    waits = OpenedConversation(last_entry="fc_1", waiting=("a", "b"), unconfirmed=("c",))
    opened = opened_at(loop(), CONTINUES, STATE, waits)
    assert opened.say == ()
    assert opened.denials == ("c",)
    assert opened.results == (
        FunctionResult(tool_call_id="a", text=NO_RESULT),
        FunctionResult(tool_call_id="b", text=f"{NO_RESULT}\n\n[The user says now: What is the rate?]"),
    )
