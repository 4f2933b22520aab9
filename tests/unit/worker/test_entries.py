"""A provider's answers, read leniently."""

import json

import pytest

from agents_crds.contract.run import Usage
from agents_worker.messages import Entry, FunctionCall, Handoff, Message, Other
from agents_worker.sessions.entries import WIRE_HISTORY, WIRE_RESPONSE, entries_of, usage_of
from agents_worker.sessions.settlement import (
    NotSent,
    Settled,
    Unanswered,
    settle_append,
    settle_correction,
    settle_start,
)
from agents_worker.text import ANSWER_LIMIT, json_size

Raw = dict[str, object]

ASKED: Raw = {"type": "message.input", "role": "user", "content": "hello"}
SAID: Raw = {"type": "message.output", "content": "hi"}
CALL: Raw = {"type": "function.call", "tool_call_id": "c1", "name": "f", "arguments": "{}"}
RESULT: Raw = {"type": "function.result", "tool_call_id": "c1", "result": "3"}
HANDOFF: Raw = {"type": "agent.handoff", "next_agent_name": "rates"}
SEARCH: Raw = {"type": "tool.execution", "name": "web_search", "arguments": "{}"}
NEW: Raw = {"type": "reflection", "depth": 3}


def parsed(*outputs: Raw) -> tuple[Entry, ...]:
    response = {"conversation_id": "conv_1", "outputs": outputs, "usage": None, "surprise": 1}
    return entries_of(WIRE_RESPONSE.validate_json(json.dumps(response)).outputs)


@pytest.mark.parametrize(
    ("raw", "entry"),
    [
        (SAID, Message(text="hi")),
        ({"type": "message.output", "content": []}, Message(text="")),
        (
            {
                "type": "message.output",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "tool_reference", "tool": "web_search", "title": "t"},
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "hologram"},
                    {"type": "text", "text": "b"},
                ],
            },
            Message(text="ab"),
        ),
        (CALL, FunctionCall(tool_call_id="c1", name="f", arguments="{}")),
        (
            CALL | {"arguments": {"year": 2024}},
            FunctionCall(tool_call_id="c1", name="f", arguments='{"year":2024}'),
        ),
        (HANDOFF, Handoff(agent="rates")),
        (SEARCH, Other(kind="tool.execution")),
        (NEW, Other(kind="reflection")),
        ({"type": "function.call", "name": "no id"}, Other(kind="function.call")),
        ({}, Other(kind="unknown")),
    ],
)
def test_entries_are_read_as_far_as_they_are_known(raw: Raw, entry: Entry) -> None:
    assert parsed(raw) == (entry,)


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ({}, Usage()),
        ({"prompt_tokens": None, "completion_tokens": -1, "total_tokens": "many"}, Usage()),
        (
            {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "connector_tokens": 4},
            Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3, connector_tokens=4),
        ),
    ],
)
def test_usage_counts_what_is_a_count(raw: Raw, usage: Usage) -> None:
    response = {"conversation_id": "conv_1", "outputs": [], "usage": raw}
    assert usage_of(WIRE_RESPONSE.validate_json(json.dumps(response)).usage) == usage


def test_an_answer_too_large_for_a_payload_is_cut() -> None:
    message, call = parsed(SAID | {"content": "é" * ANSWER_LIMIT}, CALL | {"arguments": "x" * ANSWER_LIMIT})
    assert isinstance(message, Message)
    assert isinstance(call, FunctionCall)
    assert json_size(message.text) + json_size(call.arguments) <= ANSWER_LIMIT
    assert "[cut: the whole text of" in message.text


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
    ],
)
def test_a_start_is_settled_once_the_turn_has_ended(entries: tuple[Raw, ...], answered: int | None) -> None:
    history = WIRE_HISTORY.validate_json(json.dumps({"entries": entries})).entries
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
    history = WIRE_HISTORY.validate_json(json.dumps({"entries": entries})).entries
    settled = settle_append(history, frozenset({"c1"}))
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
    history = WIRE_HISTORY.validate_json(json.dumps({"entries": entries})).entries
    settled = settle_correction(history, CORRECTION)
    assert isinstance(settled, expected)
    if isinstance(settled, Settled):
        assert entries_of(settled.outputs) == (Message(text="hi"),)
