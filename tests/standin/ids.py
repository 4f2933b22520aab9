"""Ids as the API writes them."""

import secrets
import string
from datetime import datetime

from tests.standin.entries import (
    AnyEntry,
    ForeignEntry,
    FunctionCall,
    FunctionResult,
    Handoff,
    InputEntry,
    MessageInput,
    MessageOutput,
    ToolExecution,
)

_ALPHANUMERIC = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """Make an id: the prefix and 32 hexadecimal digits."""
    return f"{prefix}_{secrets.token_hex(16)}"


def new_tool_call_id() -> str:
    """Make a tool call's id: nine alphanumerics."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(9))


def stamped(entry: InputEntry, now: datetime) -> InputEntry:
    """Give an entry that a caller sent its id and time; what it brings itself stays."""
    changes = {
        "id": entry.id or new_id(entry_prefix(entry)),
        "created_at": entry.created_at or now,
        "completed_at": entry.completed_at or now,
    }
    return entry.model_copy(update=changes)


def entry_prefix(entry: AnyEntry) -> str:
    """Name the prefix of an entry's id."""
    match entry:
        case MessageInput() | MessageOutput():
            return "msg"
        case FunctionCall():
            return "fc"
        case FunctionResult():
            return "fc_res"
        case ToolExecution():
            return "tool_exec"
        case Handoff():
            return "handoff"
        case ForeignEntry():
            return "reflection"
