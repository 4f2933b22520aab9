"""What Mistral refuses in the messages of a chat. Pure.

Words and codes are those of its API; the rules are those of its `mistral-common`, but for one: there, a user
may now speak after a tool, which the API was last seen to refuse.
"""

import re
from itertools import pairwise

from tests.standin.chat_messages import AssistantMessage, Message, ToolMessage, text_of, thought_of
from tests.standin.errors import ApiError, chat_refusal

_ID = re.compile(r"[a-zA-Z0-9]{9}")
_MAY_FOLLOW = {
    "system": {"system", "user", "assistant"},
    "user": {"system", "user", "assistant"},
    "assistant": {"assistant", "user", "tool"},
    "tool": {"assistant", "tool"},
}
_COUNTS = "Not the same number of function calls and responses"


def refusal(messages: tuple[Message, ...]) -> ApiError | None:
    """Tell why the model may not be given `messages`."""
    if not messages:
        text = "Conversation must have at least one message"
        return chat_refusal(text, "invalid_request_message_order", "3230")
    order = _last(messages[-1]) or _order(messages) or _pairs(messages)
    if order is not None:
        return chat_refusal(order, "invalid_request_message_order", "3230")
    if any(_is_empty(message) for message in messages):
        text = "Assistant message must have either content or tool_calls."
        return chat_refusal(text, "invalid_assistant_message", "3240")
    ids = (call_id for message in messages for call_id in _ids(message))
    odd = next((call_id for call_id in ids if not _ID.fullmatch(call_id)), None)
    if odd is not None:
        text = f"Tool call id was {odd} but must be a-z, A-Z, 0-9, with a length of 9."
        return chat_refusal(text, "invalid_function_call", "3280")
    return None


def too_large(tokens: int, more: int | None, window: int) -> ApiError | None:
    """Tell that a prompt, with the tokens that may be written after it, is more than a model's window."""
    if tokens + (more or 0) <= window:
        return None
    wanted = f" and {more} more are wanted" if more else ""
    text = (
        f"Prompt contains {tokens} tokens{wanted}, too large for model with {window} maximum context length"
    )
    return chat_refusal(text, "invalid_request_invalid_args", "3051")


def _last(message: Message) -> str | None:
    if message.role in {"user", "tool"} or (isinstance(message, AssistantMessage) and message.prefix):
        return None
    return (
        f"Expected last role User or Tool (or Assistant with prefix True) for serving but got {message.role}"
    )


def _order(messages: tuple[Message, ...]) -> str | None:
    if messages[0].role == "tool":
        return "Unexpected role 'tool' as the first"
    for before, after in pairwise(messages):
        if after.role not in _MAY_FOLLOW[before.role]:
            return f"Unexpected role '{after.role}' after role '{before.role}'"
    return None


def _pairs(messages: tuple[Message, ...]) -> str | None:
    """Hold the results against the calls before them: by number, and by id."""
    waiting: list[str] = []
    for message in messages:
        match message:
            case ToolMessage(tool_call_id=call_id) if call_id in waiting:
                waiting.remove(call_id)
            case ToolMessage(tool_call_id=call_id):
                return f"Unexpected tool call id {call_id} in tool results" if waiting else _COUNTS
            case _ if waiting:
                return _COUNTS
            case AssistantMessage():
                waiting = [call.id for call in message.calls]
            case _:
                continue
    return _COUNTS if waiting else None


def _is_empty(message: Message) -> bool:
    is_mute = not (text_of(message) or thought_of(message))
    return isinstance(message, AssistantMessage) and is_mute and not message.calls


def _ids(message: Message) -> tuple[str, ...]:
    match message:
        case AssistantMessage():
            return tuple(call.id for call in message.calls)
        case ToolMessage(tool_call_id=call_id):
            return (call_id or "",)
        case _:
            return ()
