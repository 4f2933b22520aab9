"""From a provider's entries to the loop's own, small enough for a workflow's history."""

from typing import TypeGuard

from agents_crds.contract.cut import storable
from agents_crds.contract.entries import Content, FileContent, ReferenceContent, TextContent
from agents_crds.contract.run import Usage
from agents_worker.messages import Entry, Execution, FunctionCall, Handoff, Message, ModelAnswer, Other
from agents_worker.sessions.wire import (
    CallOutput,
    ExecutionOutput,
    FilePiece,
    HandoffOutput,
    MessageInput,
    MessageOutput,
    Piece,
    ReferencePiece,
    ResultInput,
    TextPiece,
    UnknownOutput,
    WireEntry,
    WireUsage,
)
from agents_worker.text import (
    ANSWER_LIMIT,
    ENTRY_TEXT_LIMIT,
    clip,
    clip_values,
    leading,
    share,
    size_of,
)

_NAME_LIMIT = 256
_TITLE_LIMIT = 1_000
_URL_LIMIT = 2_048
_PARTS_LIMIT = 100_000
"""Bytes of the parts of one message."""
_INFO_LIMIT = 2 * ENTRY_TEXT_LIMIT
"""Bytes of what one execution tells."""
_DETAILS_LIMIT = 300_000
"""Bytes of all parts and infos of one answer, beside its texts."""


def answer_of(
    conversation_id: str,
    outputs: tuple[WireEntry, ...],
    usage: WireUsage | None = None,
    *,
    limit: int = ANSWER_LIMIT,
) -> ModelAnswer:
    """Turn what a model call added to a conversation into its answer, of texts of `limit` bytes."""
    return ModelAnswer(
        conversation_id=conversation_id,
        entries=entries_of(outputs, limit),
        usage=usage_of(usage),
        last_entry=_name(outputs[-1].id) if outputs else "",
        model=next((_name(each.model) for each in outputs if _has_model(each)), ""),
    )


def _has_model(output: WireEntry) -> TypeGuard[MessageOutput | CallOutput]:
    return isinstance(output, MessageOutput | CallOutput) and bool(output.model)


def entries_of(outputs: tuple[WireEntry, ...], limit: int = ANSWER_LIMIT) -> tuple[Entry, ...]:
    """Turn entries into the loop's own, their texts `limit` bytes; what we sent ourselves is none of them."""
    entries = tuple(
        _entry(output) for output in outputs if not isinstance(output, ResultInput | MessageInput)
    )
    texts = share(tuple(_text(entry) for entry in entries), limit)
    return _bounded(tuple(_with_text(entry, text) for entry, text in zip(entries, texts, strict=True)))


def usage_of(usage: WireUsage | None) -> Usage:
    """Turn a provider's counts into ours."""
    if usage is None:
        return Usage()
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        connector_tokens=usage.connector_tokens,
    )


def _entry(
    output: MessageOutput | CallOutput | ExecutionOutput | HandoffOutput | UnknownOutput,
) -> Entry:
    match output:
        case MessageOutput(agent_id=agent, content=pieces):
            words = "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))
            return Message(agent_id=_name(agent), text=storable(words), content=_parts(pieces))
        case CallOutput(agent_id=agent, tool_call_id=call, name=name, arguments=arguments):
            return FunctionCall(
                agent_id=_name(agent),
                tool_call_id=call,
                name=_name(name),
                arguments=storable(arguments),
                confirmation=_name(output.confirmation_status),
            )
        case ExecutionOutput(agent_id=agent, name=name, arguments=arguments, info=info):
            return Execution(
                agent_id=_name(agent),
                name=_name(name),
                arguments=storable(arguments),
                info=clip_values(info, _INFO_LIMIT),
            )
        case HandoffOutput():
            return Handoff(
                previous_id=_name(output.previous_agent_id),
                previous_name=_name(output.previous_agent_name),
                next_id=_name(output.next_agent_id),
                next_name=_name(output.next_agent_name),
            )
        case UnknownOutput(agent_id=agent, type=kind):
            return Other(agent_id=_name(agent), kind=_name(kind))


def _name(text: str) -> str:
    return storable(text[:_NAME_LIMIT])


def _parts(pieces: tuple[Piece, ...]) -> tuple[Content, ...]:
    """Read the parts of a message; none where all of them are words."""
    parts = tuple(part for piece in pieces if (part := _part(piece)) is not None)
    if all(isinstance(part, TextContent) for part in parts):
        return ()
    return leading(parts, _PARTS_LIMIT)


def _part(piece: Piece) -> Content | None:
    match piece:
        case TextPiece(text=text) if text:
            return TextContent(text=clip(text, ENTRY_TEXT_LIMIT))
        case ReferencePiece(tool=tool, title=title, url=url):
            # Half an address leads nowhere.
            whole = storable(url) if len(url) <= _URL_LIMIT else ""
            return ReferenceContent(tool=_name(tool), title=clip(title, _TITLE_LIMIT), url=whole)
        case FilePiece(tool=tool, file_id=id_, file_name=name, file_type=media_type):
            return FileContent(
                tool=_name(tool), id=_name(id_), name=_name(name), media_type=_name(media_type)
            )
        case _:
            return None


def _text(entry: Entry) -> str:
    match entry:
        case Message(text=text):
            return text
        case FunctionCall(arguments=arguments) | Execution(arguments=arguments):
            return arguments
        case Handoff() | Other():
            return ""


def _with_text(entry: Entry, text: str) -> Entry:
    match entry:
        case Message():
            return entry.model_copy(update={"text": text})
        case FunctionCall() | Execution():
            return entry.model_copy(update={"arguments": text})
        case Handoff() | Other():
            return entry


def _bounded(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Keep the details of the entries as long as there is room."""
    room, kept = _DETAILS_LIMIT, list[Entry]()
    for entry in entries:
        room -= _details_size(entry)
        kept.append(entry if room >= 0 else _without_details(entry))
    return tuple(kept)


def _details_size(entry: Entry) -> int:
    match entry:
        case Message(content=content):
            return size_of(content)
        case Execution(info=info):
            return size_of(info)
        case FunctionCall() | Handoff() | Other():
            return 0


def _without_details(entry: Entry) -> Entry:
    match entry:
        case Message():
            return entry.model_copy(update={"content": ()})
        case Execution():
            return entry.model_copy(update={"info": {}})
        case FunctionCall() | Handoff() | Other():
            return entry
