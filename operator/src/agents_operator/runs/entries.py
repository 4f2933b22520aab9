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
from agents_crds.v1alpha1.base import ApiModel
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

ENTRIES_LIMIT = 32_768
"""Bytes of all entries together, as JSON."""
MESSAGE_LIMIT = 16_384
"""Bytes of the parts of one message, as JSON, beyond its first part."""
PARTS_LIMIT = 32
LABEL_LIMIT = 256
URL_LIMIT = 2048


def output_entries(entries: tuple[RunEntry, ...], omitted: int) -> tuple[tuple[OutputEntry, ...], int]:
    """Return the latest entries that a status holds, and how many came before them.

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
        size += _size(shown) + len(",")
        if size > ENTRIES_LIMIT or len(kept) == ENTRY_LIMIT:
            break
        kept.append(shown)
    return tuple(reversed(kept)), omitted + len(entries) - len(kept)


def cut(text: str, limit: int = LABEL_LIMIT) -> str:
    """Return a text as a field of so many characters holds it."""
    text = printable(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


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
        size += _size(part) + len(",")
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
            address = printable(url) if len(url) <= URL_LIMIT else ""
            return ContentPart(reference=Reference(tool=cut(tool), title=_text(title), url=address))
        case FileContent(tool=tool, id=id_, name=name, media_type=media_type):
            file = File(tool=cut(tool), id=cut(id_), name=cut(name), media_type=cut(media_type))
            return ContentPart(file=file)


def _text(text: str) -> str:
    return cut(text, ENTRY_TEXT_LIMIT)


def _size(part: ApiModel) -> int:
    return len(part.model_dump_json(exclude_none=True).encode())
