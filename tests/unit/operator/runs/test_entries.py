import json

import pytest
from pydantic import BaseModel

from agents_crds.contract.entries import (
    Content,
    FileContent,
    HandoffEntry,
    MessageEntry,
    OtherEntry,
    ReferenceContent,
    RunEntry,
    TextContent,
    ToolCallEntry,
    ToolExecutionEntry,
)
from agents_crds.v1alpha1.output import ENTRY_LIMIT, OutputEntry
from agents_operator.runs.entries import ENTRIES_LIMIT, cut, output_entries
from agents_operator.stored import stored_size
from tests.unit.operator.objects import Manifest

WORST = "<"
"""A character that takes six bytes as the API server keeps it."""


def said(*content: Content, agent: str = "front") -> MessageEntry:
    return MessageEntry(agent=agent, content=content)


def words(text: str) -> TextContent:
    return TextContent(text=text)


def reference(url: str = "https://example.com", title: str = "ECB") -> ReferenceContent:
    return ReferenceContent(tool="web_search", title=title, url=url)


def called(result: str = "4 %", arguments: str = '{"year": 2023}', name: str = "get_rate") -> ToolCallEntry:
    return ToolCallEntry(agent="front", name=name, arguments=arguments, result=result)


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (
            said(words("See"), reference(), FileContent(tool="image_generation", id="f-1", name="a.png")),
            {
                "message": [
                    {"text": "See"},
                    {"reference": {"tool": "web_search", "title": "ECB", "url": "https://example.com"}},
                    {"file": {"tool": "image_generation", "id": "f-1", "name": "a.png", "mediaType": ""}},
                ]
            },
        ),
        (
            called(),
            {
                "toolCall": {
                    "name": "get_rate",
                    "arguments": '{"year": 2023}',
                    "result": "4 %",
                    "denied": False,
                }
            },
        ),
        (
            ToolExecutionEntry(
                agent="front", name="code_interpreter", arguments="{}", info={"code": "1 + €"}
            ),
            {"toolExecution": {"name": "code_interpreter", "arguments": "{}", "info": '{"code": "1 + €"}'}},
        ),
        (
            ToolExecutionEntry(agent="front", name="web_search", arguments="{}"),
            {"toolExecution": {"name": "web_search", "arguments": "{}", "info": ""}},
        ),
        (HandoffEntry(agent="front", to="back"), {"handoff": {"to": "back"}}),
        (OtherEntry(agent="front", kind="agent.dream"), {"other": "agent.dream"}),
    ],
)
def test_entry_is_shown_for_what_it_is(entry: RunEntry, shown: Manifest) -> None:
    entries, omitted = output_entries((entry, called()), 0)
    assert entries[0].manifest() == {"agent": "front", **shown}
    assert (len(entries), omitted) == (2, 0)


@pytest.mark.parametrize(
    ("entries", "omitted"),
    [((), 0), ((said(words("4 %")),), 0), ((said(words("4"), words(" %")),), 0)],
    ids=["nothing", "a text", "a text in parts"],
)
def test_one_message_of_words_is_the_output_itself(entries: tuple[RunEntry, ...], omitted: int) -> None:
    assert output_entries(entries, omitted) == ((), 0)


@pytest.mark.parametrize(
    ("entries", "omitted"),
    [
        ((said(words("4 %"), reference()),), 0),
        ((said(words("4 %")), said(words("5 %"))), 0),
        ((said(words("4 %")),), 3),
        ((called(),), 0),
    ],
    ids=["with a reference", "two messages", "after what was dropped", "a call"],
)
def test_everything_else_has_entries(entries: tuple[RunEntry, ...], omitted: int) -> None:
    shown, left_out = output_entries(entries, omitted)
    assert (len(shown), left_out) == (len(entries), omitted)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * 256, "x" * 256),
        ("x" * 257, "x" * 253 + "…"),
        ("€" * 86, "€" * 84 + "…"),
        ('"' * 129, '"' * 126 + "…"),
        ("<" * 43, "<" * 42 + "…"),
        ("\x00" * 300, ""),
    ],
)
def test_long_text_ends_with_an_ellipsis(text: str, shown: str) -> None:
    assert cut(text) == shown


def test_latest_entries_are_kept_and_the_others_counted() -> None:
    many = tuple(HandoffEntry(agent="", to=str(number)) for number in range(ENTRY_LIMIT + 50))
    shown, omitted = output_entries(many, 7)
    assert (len(shown), omitted) == (ENTRY_LIMIT, 57)
    assert [entry.handoff.to for entry in shown if entry.handoff] == [
        str(number) for number in range(50, ENTRY_LIMIT + 50)
    ]


def test_entries_are_kept_in_as_many_bytes_as_there_is_room_for() -> None:
    many = tuple(called(result=str(number)) for number in range(20))
    assert output_entries(many, 0, limit=0) == ((), 20)
    shown, omitted = output_entries(many, 0, limit=500)
    assert [entry.tool_call.result for entry in shown if entry.tool_call] == ["16", "17", "18", "19"]
    assert omitted == 16


def test_message_of_many_parts_says_how_many_more_there_were() -> None:
    (shown, _), _ = output_entries((said(*(words(str(n)) for n in range(40))), called()), 0)
    assert shown.message is not None
    assert len(shown.message) == 32
    assert shown.message[-1].text == "… and 9 more parts"
    (whole, _), _ = output_entries((said(*(words(str(n)) for n in range(32))), called()), 0)
    assert whole.message is not None
    assert len(whole.message) == 32
    assert whole.message[-1].text == "31"


def test_message_of_large_parts_says_how_many_more_there_were() -> None:
    (shown, _), _ = output_entries((said(*(reference(title="t" * 900) for _ in range(5))), called()), 0)
    assert shown.message is not None
    assert [part.text for part in shown.message] == [None, None, None, "… and 2 more parts"]


def test_address_that_is_too_long_is_left_out_whole() -> None:
    (shown,), _ = output_entries((said(reference(url="https://example.com/" + "x" * 2048)),), 0)
    assert shown.message is not None
    assert shown.message[0].reference is not None
    assert shown.message[0].reference.url == ""


LONG = WORST * 5000
HUGE: tuple[RunEntry, ...] = (
    said(*(words(LONG),) * 50, agent=LONG),
    said(*(ReferenceContent(tool=LONG, title=LONG, url=WORST * 2048),) * 50, agent=LONG),
    said(*(FileContent(tool=LONG, id=LONG, name=LONG, media_type=LONG),) * 50, agent=LONG),
    said(),
    called(LONG, LONG, LONG),
    ToolExecutionEntry(agent=LONG, name=LONG, arguments=LONG, info={LONG: LONG}),
    HandoffEntry(agent=LONG, to=LONG),
    OtherEntry(agent=LONG, kind=LONG),
)


class _Entries(BaseModel):
    entries: tuple[OutputEntry, ...]


@pytest.mark.parametrize("last", HUGE, ids=lambda entry: type(entry).__name__)
def test_whatever_happened_fits_and_the_latest_is_there(last: RunEntry) -> None:
    shown, omitted = output_entries((*HUGE, *HUGE, last), 0)
    assert 1 <= len(shown) == 2 * len(HUGE) + 1 - omitted
    written = _Entries(entries=shown).model_dump_json(exclude_none=True)
    kept = stored_size(json.loads(written)["entries"])
    assert ENTRIES_LIMIT / 4 < kept <= ENTRIES_LIMIT
    # As the API server would read it.
    assert _Entries.model_validate_json(written).entries == shown
