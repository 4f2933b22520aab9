"""A provider's answers, read leniently."""

import json

import pytest

from agents_crds.contract.cut import json_size
from agents_crds.contract.entries import Content, FileContent, ReferenceContent, TextContent
from agents_crds.contract.run import Usage
from agents_worker.messages import Entry, Execution, FunctionCall, Handoff, Message, Other
from agents_worker.sessions.entries import entries_of, usage_of
from agents_worker.sessions.wire import WIRE_RESPONSE
from agents_worker.text import ANSWER_LIMIT, ENTRY_TEXT_LIMIT, size_of

Raw = dict[str, object]

SAID: Raw = {"type": "message.output", "content": "hi"}
CALL: Raw = {"type": "function.call", "tool_call_id": "c1", "name": "f", "arguments": "{}"}
SEARCH: Raw = {"type": "tool.execution", "name": "web_search", "arguments": "{}"}


def parsed(*outputs: Raw) -> tuple[Entry, ...]:
    response = {"conversation_id": "conv_1", "outputs": outputs, "usage": None, "surprise": 1}
    return entries_of(WIRE_RESPONSE.validate_json(json.dumps(response)).outputs)


@pytest.mark.parametrize(
    ("raw", "entry"),
    [
        (SAID, Message(text="hi")),
        ({"type": "message.output", "content": []}, Message(text="")),
        ({"type": "message.output", "content": None}, Message(text="")),
        (SAID | {"agent_id": "ag_1"}, Message(agent_id="ag_1", text="hi")),
        (SAID | {"agent_id": None}, Message(text="hi")),
        (
            {
                "type": "message.output",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "hologram", "text": "no"},
                    {"type": "text"},
                    None,
                    {"type": "text", "text": "b"},
                    "c",
                ],
            },
            Message(text="abc"),
        ),
        (CALL, FunctionCall(tool_call_id="c1", name="f", arguments="{}")),
        (
            CALL | {"arguments": {"year": 2024}},
            FunctionCall(tool_call_id="c1", name="f", arguments='{"year":2024}'),
        ),
        (
            CALL | {"arguments": None, "agent_id": "ag_1", "confirmation_status": "pending"},
            FunctionCall(
                agent_id="ag_1", tool_call_id="c1", name="f", arguments="{}", confirmation="pending"
            ),
        ),
        (
            {
                "type": "agent.handoff",
                "previous_agent_id": "ag_1",
                "previous_agent_name": "a",
                "next_agent_id": "ag_2",
                "next_agent_name": "b",
            },
            Handoff(previous_id="ag_1", previous_name="a", next_id="ag_2", next_name="b"),
        ),
        ({"type": "agent.handoff"}, Handoff()),
        (SEARCH, Execution(name="web_search", arguments="{}", info={})),
        (
            SEARCH | {"arguments": {"query": "x"}, "agent_id": "ag_1", "info": {"found": [1, {"a": None}]}},
            Execution(
                agent_id="ag_1",
                name="web_search",
                arguments='{"query":"x"}',
                info={"found": [1, {"a": None}]},
            ),
        ),
        ({"type": "tool.execution", "info": "none"}, Execution(name="", arguments="{}", info={})),
        ({"type": "reflection", "depth": 3, "agent_id": "ag_1"}, Other(agent_id="ag_1", kind="reflection")),
        ({"type": "function.call", "name": "no id"}, Other(kind="function.call")),
        ({}, Other(kind="unknown")),
    ],
)
def test_entries_are_read_as_far_as_they_are_known(raw: Raw, entry: Entry) -> None:
    assert parsed(raw) == (entry,)


TEXT: Raw = {"type": "text", "text": "See "}
SOURCE: Raw = {"type": "tool_reference", "tool": "web_search", "title": "ECB", "url": "http://ecb.test"}
IMAGE: Raw = {
    "type": "tool_file",
    "tool": "image_generation",
    "file_id": "f1",
    "file_name": "a",
    "file_type": "png",
}


@pytest.mark.parametrize(
    ("pieces", "content"),
    [
        ((TEXT, TEXT), ()),
        (
            (TEXT, SOURCE, {"type": "hologram"}, IMAGE),
            (
                TextContent(text="See "),
                ReferenceContent(tool="web_search", title="ECB", url="http://ecb.test"),
                FileContent(tool="image_generation", id="f1", name="a", media_type="png"),
            ),
        ),
        (
            (SOURCE | {"url": None, "title": 3},),
            (ReferenceContent(tool="web_search"),),
        ),
        ((SOURCE | {"url": "http://" + "x" * 3000},), (ReferenceContent(tool="web_search", title="ECB"),)),
    ],
)
def test_what_is_cited_and_made_keeps_its_place_between_the_words(
    pieces: tuple[Raw, ...], content: tuple[Content, ...]
) -> None:
    [message] = parsed(SAID | {"content": pieces})
    assert isinstance(message, Message)
    assert message.content == content


def test_what_we_sent_ourselves_is_not_part_of_an_answer() -> None:
    result: Raw = {"type": "function.result", "tool_call_id": "c1"}
    asked: Raw = {"type": "message.input", "content": "hello"}
    assert parsed(result, asked, SAID) == (Message(text="hi"),)


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


def test_details_are_cut_before_an_answer_is_too_large_for_a_payload() -> None:
    cited = [{"type": "text", "text": "x" * 5000}, SOURCE | {"title": "t" * 5000}] * 100
    told = {"code": "x" * 100_000, "lines": ["y" * 1000] * 100, **{f"n{n}": n for n in range(50)}}
    entries = parsed(*[SAID | {"content": cited}] * 20, *[SEARCH | {"info": told}] * 100)
    first, last = entries[0], entries[-1]
    assert isinstance(first, Message)
    assert isinstance(last, Execution)
    assert first.content
    assert size_of(first.content) < 110_000
    assert not last.info
    assert sum(size_of(entry) for entry in entries) < ANSWER_LIMIT + 400_000


def test_what_is_nested_too_deeply_is_kept_as_text() -> None:
    deep = "[" * 190 + "]" * 190
    [run] = parsed(SEARCH | {"info": {"tree": json.loads(deep), "found": [[1]]}})
    assert isinstance(run, Execution)
    assert run.info == {"tree": deep, "found": [[1]]}


def test_the_long_texts_of_an_execution_are_cut_and_the_short_ones_kept() -> None:
    [run] = parsed(
        SEARCH | {"info": {"code": "print(1)", "output": "x" * 100_000, "lines": ["y" * 1000] * 100}}
    )
    assert isinstance(run, Execution)
    assert run.info["code"] == "print(1)"
    assert "[cut: the whole text of" in str(run.info["output"])
    assert str(run.info["lines"]).startswith('["yyy')
    assert size_of(run.info) <= 2 * ENTRY_TEXT_LIMIT
