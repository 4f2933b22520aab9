"""What a run tells about itself."""

import pytest

from agents_crds.contract.entries import (
    HandoffEntry,
    MessageEntry,
    OtherEntry,
    ReferenceContent,
    RunEntry,
    TextContent,
    ToolCallEntry,
    ToolExecutionEntry,
)
from agents_worker.messages import Entry, Execution, FunctionCall, Handoff, Message, Other
from agents_worker.text import ENTRIES_LIMIT, ENTRY_TEXT_LIMIT, size_of
from agents_worker.workflows.story import answered, recorded
from tests.unit.worker.loops import STATE, A, B, said, snapshot, team, to

LOOP = team(snapshot("rates"))
CITED = (
    TextContent(text="It is 4."),
    ReferenceContent(tool="web_search", title="ECB", url="http://ecb.test"),
)


def wrote(agent: str, text: str) -> MessageEntry:
    return MessageEntry(agent=agent, content=(TextContent(text=text),))


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ((said("hi"),), (wrote("finance", "hi"),)),
        ((said(""),), ()),
        (
            (said("I ask"), to("rates"), said("4"), to("finance"), said("It is 4")),
            (
                wrote("finance", "I ask"),
                HandoffEntry(agent="finance", to="rates"),
                wrote("rates", "4"),
                HandoffEntry(agent="rates", to="finance"),
                wrote("finance", "It is 4"),
            ),
        ),
        (
            (Handoff(previous_id="ag_8", previous_name="b", next_id="ag_9", next_name="c"), said("hi")),
            (HandoffEntry(agent="b", to="c"), wrote("c", "hi")),
        ),
        (
            (to("c", "ag_9"), Message(agent_id="ag_9", text="hi"), Message(agent_id="ag_rates", text="ho")),
            (HandoffEntry(agent="finance", to="ns.c"), wrote("ns.c", "hi"), wrote("rates", "ho")),
        ),
        ((Message(agent_id="ag_9", text="hi"),), (wrote("ag_9", "hi"),)),
        (
            (
                Message(text="It is 4.", content=CITED),
                A,
                Execution(name="web_search", arguments="{}", info={"n": 3}),
            ),
            (
                MessageEntry(agent="finance", content=CITED),
                ToolCallEntry(agent="finance", name="tool_a", arguments="{}", result=""),
                ToolExecutionEntry(agent="finance", name="web_search", arguments="{}", info={"n": 3}),
            ),
        ),
        ((Other(agent_id="ag_rates", kind="reflection"),), (OtherEntry(agent="rates", kind="reflection"),)),
        (
            (A.model_copy(update={"confirmation": "allowed"}),),
            (
                ToolExecutionEntry(
                    agent="finance", name="tool_a", arguments="{}", info={"confirmation": "allowed"}
                ),
            ),
        ),
    ],
)
def test_entries_are_told_in_order_with_who_made_them(
    entries: tuple[Entry, ...], told: tuple[RunEntry, ...]
) -> None:
    assert recorded(LOOP, STATE, entries).entries == told


def test_results_come_to_the_last_calls_and_the_others_keep_theirs() -> None:
    first = answered(recorded(LOOP, STATE, (A,)), (A,), ("first",))
    second = recorded(LOOP, first, (B, to("rates"), A, B))
    calls = [entry for entry in answered(second, (A, B), ("1", "2")).entries if entry.type == "toolCall"]
    assert [(call.name, call.result) for call in calls] == [
        ("tool_a", "first"),
        ("tool_b", ""),
        ("tool_a", "1"),
        ("tool_b", "2"),
    ]


def test_the_latest_is_kept_with_the_number_of_what_came_before() -> None:
    calls = tuple(
        FunctionCall(tool_call_id=f"c{number}", name="f", arguments="x" * 2 * ENTRY_TEXT_LIMIT)
        for number in range(100)
    )
    state = recorded(LOOP, STATE, (said("first"), *calls))
    assert 0 < state.entries_omitted == 101 - len(state.entries)
    full = answered(state, calls, [call.tool_call_id * ENTRY_TEXT_LIMIT for call in calls])
    assert full.entries_omitted == 101 - len(full.entries) > state.entries_omitted
    assert sum(size_of(entry) for entry in full.entries) <= ENTRIES_LIMIT
    last = full.entries[-1]
    assert isinstance(last, ToolCallEntry)
    assert last.result.startswith("c99")
    assert "[cut: the whole text of" in last.result
