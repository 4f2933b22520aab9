"""What happened in a run, cut to what a status holds; pure."""

import json
from collections.abc import Iterable

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
from agents_crds.v1alpha1.output import (
    ENTRY_LIMIT,
    ENTRY_TEXT_LIMIT,
    ContentPart,
    File,
    HandoffTo,
    OutputEntry,
    Reference,
    ToolCall,
    ToolExecution,
)
from agents_operator.shown import printable
from agents_operator.stored import size_of, start_of, stored_size

ENTRIES_LIMIT = 6_144
"""Bytes of all entries together, here and below as the API server keeps them."""
MESSAGE_LIMIT = 3_072
"""Bytes of the parts of one message, beyond its first part."""
PARTS_LIMIT = 32
LABEL_LIMIT = 256
URL_LIMIT = 2_048

_MORE = "…"


def output_entries(
    entries: tuple[RunEntry, ...], omitted: int, limit: int = ENTRIES_LIMIT
) -> tuple[tuple[OutputEntry, ...], int]:
    """Return the latest entries that are kept in `limit` bytes, and how many came before them.

    There are none where all that happened is one message of words: it is the output itself.
    """
    match entries:
        case [MessageEntry(content=content)] if not omitted and all(
            isinstance(part, TextContent) for part in content
        ):
            return (), 0
    kept: list[OutputEntry] = []
    size = len("[]")
    for entry in reversed(entries):
        shown = _shown(entry)
        size += size_of(shown) + len(",")
        if size > limit or len(kept) == ENTRY_LIMIT:
            break
        kept.append(shown)
    return tuple(reversed(kept)), omitted + len(entries) - len(kept)


def cut(text: str, limit: int = LABEL_LIMIT) -> str:
    """Return a text as a field holds it, in `limit` bytes without the quotes."""
    text = printable(text)
    start = start_of(text, limit)
    return text if start == text else f"{start_of(start, limit - len(_MORE.encode()))}{_MORE}"


def _shown(entry: RunEntry) -> OutputEntry:
    agent = cut(entry.agent)
    match entry:
        case MessageEntry():
            return OutputEntry(agent=agent, message=_message(entry.content))
        case ToolCallEntry():
            call = ToolCall(
                name=cut(entry.name),
                arguments=_text(entry.arguments),
                result=_text(entry.result),
                denied=entry.denied,
            )
            return OutputEntry(agent=agent, tool_call=call)
        case ToolExecutionEntry():
            execution = ToolExecution(
                name=cut(entry.name),
                arguments=_text(entry.arguments),
                info=_text(json.dumps(entry.info, ensure_ascii=False)) if entry.info else "",
            )
            return OutputEntry(agent=agent, tool_execution=execution)
        case HandoffEntry():
            return OutputEntry(agent=agent, handoff=HandoffTo(to=cut(entry.to)))
        case OtherEntry():
            return OutputEntry(agent=agent, other=cut(entry.kind))


def _message(content: Iterable[Content]) -> tuple[ContentPart, ...]:
    parts = tuple(map(_part, content))
    kept: list[ContentPart] = []
    size = 0
    for part in parts:
        size += size_of(part) + len(",")
        # One place is left to say that there were more.
        if kept and (size > MESSAGE_LIMIT or (len(kept) == PARTS_LIMIT - 1 and len(parts) > PARTS_LIMIT)):
            return (*kept, ContentPart(text=f"… and {len(parts) - len(kept)} more parts"))
        kept.append(part)
    return tuple(kept)


def _part(content: Content) -> ContentPart:
    match content:
        case TextContent(text=text):
            return ContentPart(text=_text(text))
        case ReferenceContent(tool=tool, title=title, url=url):
            # A part of an address leads nowhere.
            address = printable(url) if stored_size(url) <= URL_LIMIT else ""
            return ContentPart(reference=Reference(tool=cut(tool), title=_text(title), url=address))
        case FileContent(tool=tool, id=id_, name=name, media_type=media_type):
            file = File(tool=cut(tool), id=cut(id_), name=cut(name), media_type=cut(media_type))
            return ContentPart(file=file)


def _text(text: str) -> str:
    return cut(text, ENTRY_TEXT_LIMIT)
