"""Whether a call whose answer was lost has happened."""

import json

import pytest

from agents_worker.messages import Message
from agents_worker.sessions.entries import entries_of
from agents_worker.sessions.settlement import (
    NotSent,
    Settled,
    Unanswered,
    settle_append,
    settle_messages,
    settle_start,
    standing,
)
from agents_worker.sessions.wire import WIRE_HISTORY, WireEntry

Raw = dict[str, object]

ASKED: Raw = {"type": "message.input", "role": "user", "content": "hello"}
SAID: Raw = {"type": "message.output", "content": "hi"}
CALL: Raw = {"type": "function.call", "tool_call_id": "c1", "name": "f", "arguments": "{}"}
ASKING: Raw = CALL | {"tool_call_id": "c2", "confirmation_status": "pending"}
DENIED: Raw = ASKING | {"confirmation_status": "denied"}
RESULT: Raw = {"type": "function.result", "tool_call_id": "c1", "result": "3"}
HANDOFF: Raw = {"type": "agent.handoff", "next_agent_name": "rates"}
SEARCH: Raw = {"type": "tool.execution", "name": "web_search", "arguments": "{}"}
NEW: Raw = {"type": "reflection", "depth": 3}


def history_of(*entries: Raw) -> tuple[WireEntry, ...]:
    return WIRE_HISTORY.validate_json(json.dumps({"entries": entries})).entries


@pytest.mark.parametrize(
    ("entries", "answered"),
    [
        ((ASKED,), None),
        ((ASKED, SAID), 1),
        ((ASKED, CALL), 1),
        ((ASKED, SAID, HANDOFF), None),
        ((ASKED, SAID, SEARCH), None),
        ((ASKED, HANDOFF, CALL), 2),
        ((ASKED, SAID, NEW), 2),
        ((ASKED, NEW), None),
        ((ASKED, ASKED | {"role": "assistant"}, ASKED, SAID), 1),
        ((ASKED, ASKING), 1),
        ((ASKED, ASKING | {"confirmation_status": "allowed"}), None),
    ],
)
def test_a_start_is_settled_once_the_turn_has_ended(entries: tuple[Raw, ...], answered: int | None) -> None:
    history = history_of(*entries)
    match settle_start(history):
        case Settled(outputs):
            assert len(outputs) == answered
        case Unanswered():
            assert answered is None


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((ASKED, CALL), NotSent),
        ((ASKED, CALL, RESULT | {"tool_call_id": "c0"}, SAID), NotSent),
        ((ASKED, CALL, RESULT), Unanswered),
        ((ASKED, CALL, RESULT, HANDOFF), Unanswered),
        ((ASKED, CALL, RESULT, SAID), Settled),
    ],
)
def test_an_append_is_settled_once_its_results_were_answered(
    entries: tuple[Raw, ...], expected: type
) -> None:
    history = history_of(*entries)
    settled = settle_append(history, frozenset({"c1"}))
    assert isinstance(settled, expected)
    if isinstance(settled, Settled):
        assert entries_of(settled.outputs) == (Message(text="hi"),)


@pytest.mark.parametrize(
    ("entries", "results", "expected"),
    [
        ((ASKED, ASKING), (), NotSent),
        ((ASKED, DENIED), (), Unanswered),
        ((ASKED, DENIED, SAID), (), Settled),
        ((ASKED, DENIED, RESULT | {"tool_call_id": "c2"}, SAID), (), Settled),
        ((ASKED, CALL, ASKING), ("c1",), NotSent),
        ((ASKED, CALL, DENIED, RESULT), ("c1",), Unanswered),
        ((ASKED, CALL, DENIED, RESULT, SAID), ("c1",), Settled),
        ((ASKED, DENIED, CALL, RESULT, HANDOFF, SAID), ("c1",), Settled),
        ((ASKED, DENIED | {"tool_call_id": "c0"}, SAID, ASKING), (), NotSent),
    ],
)
def test_denials_are_settled_once_they_were_answered(
    entries: tuple[Raw, ...], results: tuple[str, ...], expected: type
) -> None:
    settled = settle_append(history_of(*entries), frozenset(results), frozenset({"c2"}))
    assert isinstance(settled, expected)
    if isinstance(settled, Settled):
        assert entries_of(settled.outputs)[-1] == Message(text="hi")


OLD: Raw = {"type": "message.output", "content": "old", "id": "msg_1"}


@pytest.mark.parametrize(
    ("entries", "results", "denials", "expected"),
    [
        ((ASKED, ASKING, OLD), (), ("c2",), NotSent),
        ((ASKED, DENIED, OLD), (), ("c2",), Unanswered),
        ((ASKED, DENIED, OLD, HANDOFF), (), ("c2",), Unanswered),
        ((ASKED, DENIED, OLD, SAID), (), ("c2",), Settled),
        ((ASKED, CALL, DENIED, OLD, RESULT, SAID), ("c1",), ("c2",), Settled),
        ((ASKED, CALL, RESULT, CALL, OLD), ("c1",), (), NotSent),
        ((ASKED, CALL, RESULT, CALL, OLD, RESULT, SAID), ("c1",), (), Settled),
    ],
)
def test_what_was_there_before_an_append_does_not_answer_it(
    entries: tuple[Raw, ...], results: tuple[str, ...], denials: tuple[str, ...], expected: type
) -> None:
    settled = settle_append(history_of(*entries), frozenset(results), frozenset(denials), after="msg_1")
    assert isinstance(settled, expected)
    if isinstance(settled, Settled):
        assert entries_of(settled.outputs) == (Message(text="hi"),)


CORRECTION = "It does not fit: no rate. (correction 1 of 2)"
TOLD: Raw = {"type": "message.input", "role": "user", "content": CORRECTION}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((ASKED, SAID), NotSent),
        ((ASKED, SAID, TOLD | {"content": "It does not fit: no rate. (correction 2 of 2)"}, SAID), NotSent),
        ((TOLD, SAID, ASKED, SAID), NotSent),
        ((ASKED, SAID, TOLD | {"content": None}, SAID), NotSent),
        ((ASKED, SAID, TOLD), Unanswered),
        ((ASKED, SAID, TOLD, SEARCH), Unanswered),
        ((ASKED, SAID, TOLD, SAID), Settled),
        ((ASKED, SAID, TOLD | {"content": f"{CORRECTION}\n"}, SAID), Settled),
        ((ASKED, SAID, TOLD | {"content": [{"type": "text", "text": CORRECTION}]}, SAID), Settled),
        ((ASKED, SAID, TOLD | {"content": [{"type": "new"}, CORRECTION, None]}, SAID), Settled),
    ],
)
def test_a_correction_is_settled_once_it_was_answered(entries: tuple[Raw, ...], expected: type) -> None:
    history = history_of(*entries)
    settled = settle_messages(history, CORRECTION)
    assert isinstance(settled, expected)
    if isinstance(settled, Settled):
        assert entries_of(settled.outputs) == (Message(text="hi"),)


LATER: Raw = {"type": "message.input", "role": "user", "content": "and then?"}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((ASKED, OLD), NotSent),
        ((LATER, OLD), NotSent),
        ((ASKED, OLD, LATER), Unanswered),
        ((ASKED, OLD, LATER, SEARCH), Unanswered),
        ((ASKED, OLD, LATER, SAID), Settled),
        ((ASKED, OLD, LATER | {"content": "changed by the provider"}, SAID), Settled),
        ((ASKED, OLD, ASKED, LATER, SAID), Settled),
        ((ASKED, OLD, LATER | {"content": [{"type": "image_url", "image_url": "x"}]}, SAID), Settled),
    ],
)
def test_a_message_said_before_is_not_taken_for_one_said_again(
    entries: tuple[Raw, ...], expected: type
) -> None:
    settled = settle_messages(history_of(*entries), "and then?", after="msg_1")
    assert isinstance(settled, expected)
    if isinstance(settled, Settled):
        assert entries_of(settled.outputs) == (Message(text="hi"),)


def test_messages_after_an_entry_that_the_history_does_not_have_are_found_by_their_words() -> None:
    history = history_of(ASKED, SAID, LATER, SAID)
    assert isinstance(settle_messages(history, "and  then?", after="msg_9"), Settled)
    assert isinstance(settle_messages(history, "and now?", after="msg_9"), NotSent)


OTHER: Raw = CALL | {"tool_call_id": "c3", "id": "fc_3"}


@pytest.mark.parametrize(
    ("entries", "waiting", "at_work"),
    [
        ((ASKED, SAID), (), False),
        ((ASKED, CALL), ("c1",), False),
        ((ASKED, CALL, ASKING), ("c1", "c2"), False),
        ((ASKED, CALL, DENIED, RESULT, SAID), (), False),
        ((ASKED, CALL, RESULT), (), True),
        ((ASKED, CALL, HANDOFF), (), True),
        ((ASKED, CALL, HANDOFF, OTHER), ("c3",), False),
        ((ASKED, CALL, RESULT, OTHER), ("c3",), False),
        ((), (), False),
    ],
)
def test_how_a_conversation_stands(
    entries: tuple[Raw, ...], waiting: tuple[str, ...], *, at_work: bool
) -> None:
    found = standing(history_of(*entries))
    assert tuple(call.tool_call_id for call in found.waiting) == waiting
    assert found.at_work == at_work


def test_a_conversation_is_looked_at_up_to_an_entry() -> None:
    history = history_of(ASKED, OLD, LATER, OTHER)
    assert standing(history, "msg_1").last_entry == "msg_1"
    assert standing(history, "msg_1").waiting == ()
    assert standing(history, "msg_9").last_entry == standing(history).last_entry == "fc_3"
