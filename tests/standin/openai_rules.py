"""What OpenAI's API refuses in a chat, in its words. Pure."""

from pydantic import JsonValue, ValidationError

from tests.standin.errors import ApiError, invalid_argument
from tests.standin.openai_requests import OpenAiAssistant, OpenAiChatRequest, OpenAiMessage, OpenAiTool

_TAGS = {"system", "developer", "user", "assistant", "tool", "text", "image_url"}


def refused_body(error: ValidationError) -> ApiError:
    """Turn pydantic's findings into OpenAI's answer, which names one: an unknown field before others."""
    found = error.errors(include_url=False, include_context=False)
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    path = _path(first["loc"])
    match first["type"]:
        case "extra_forbidden" if "." not in path:
            return invalid_argument(f"Unrecognized request argument supplied: {path}")
        case "extra_forbidden":
            return invalid_argument(f"Unknown parameter: '{path}'.", path, "unknown_parameter")
        case "missing":
            return invalid_argument(
                f"Missing required parameter: '{path}'.", path, "missing_required_parameter"
            )
        case "too_short":
            text = f"Invalid '{path}': empty array. Expected an array with minimum length 1."
            return invalid_argument(text, path, "empty_array")
        case _:
            return invalid_argument(f"Invalid value for '{path}': {first['msg']}.", path, "invalid_value")


def refusal(request: OpenAiChatRequest) -> ApiError | None:
    """Tell why a well-formed request is refused."""
    if request.max_tokens is not None and request.max_completion_tokens is not None:
        return invalid_argument(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        )
    for name in ("tool_choice", "parallel_tool_calls"):
        if getattr(request, name) is not None and request.tools is None:
            text = f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified."
            return invalid_argument(text, name)
    return _form(request) or _pairs(request.messages)


def too_large(tokens: int, more: int | None, window: int) -> ApiError | None:
    """Tell that a prompt, with the tokens that may be written after it, is more than a model's window."""
    if tokens + (more or 0) <= window:
        return None
    found = f"your messages resulted in {tokens} tokens"
    if more:
        found = f"you requested {tokens + more} tokens ({tokens} in the messages, {more} in the completion)"
    text = (
        f"This model's maximum context length is {window} tokens. However, {found}. "
        "Please reduce the length of the messages."
    )
    return invalid_argument(text, "messages", "context_length_exceeded")


def _form(request: OpenAiChatRequest) -> ApiError | None:
    form = request.response_format
    if form is None or form.type == "text":
        return None
    spoken = "".join(message.model_dump_json(include={"content"}) for message in request.messages)
    if form.type == "json_object" and "json" not in spoken.lower():
        text = (
            "'messages' must contain the word 'json' in some form, "
            "to use 'response_format' of type 'json_object'."
        )
        return invalid_argument(text, "messages")
    if form.type == "json_schema" and form.json_schema is None:
        name = "response_format.json_schema"
        return invalid_argument(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    if form.json_schema is not None and form.json_schema.strict:
        return _strict(form.json_schema.name, form.json_schema.schema_definition)
    return None


def _strict(name: str, schema: dict[str, JsonValue]) -> ApiError | None:
    """Hold a strict schema's outermost object to what is asked of all its objects."""
    wrong = f"Invalid schema for response_format '{name}': In context=(), "
    properties = schema.get("properties")
    required = schema.get("required")
    if schema.get("additionalProperties") is not False:
        text = f"{wrong}'additionalProperties' is required to be supplied and to be false."
        return invalid_argument(text, "response_format")
    names = set(properties) if isinstance(properties, dict) else set()
    if names - set(map(str, required if isinstance(required, list) else ())):
        text = "'required' is required to be supplied and to be an array including every key in properties."
        return invalid_argument(wrong + text, "response_format")
    return None


def _pairs(messages: tuple[OpenAiMessage, ...]) -> ApiError | None:
    """Hold the results against the calls right before them."""
    waiting: list[str] = []
    for place, message in enumerate(messages):
        if isinstance(message, OpenAiTool):
            if message.tool_call_id not in waiting:
                text = (
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                    "with 'tool_calls'."
                )
                return invalid_argument(text, f"messages.[{place}].role")
            waiting.remove(message.tool_call_id)
        elif waiting:
            return _unanswered(waiting, place)
        elif isinstance(message, OpenAiAssistant):
            waiting = [call.id for call in message.tool_calls or ()]
            if not waiting and message.content is None and message.refusal is None:
                param = f"messages.[{place}].content"
                return invalid_argument("Invalid value for 'content': expected a string, got null.", param)
    return _unanswered(waiting, len(messages)) if waiting else None


def _unanswered(waiting: list[str], place: int) -> ApiError:
    text = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        "'tool_call_id'. The following tool_call_ids did not have response messages: " + ", ".join(waiting)
    )
    return invalid_argument(text, f"messages.[{place}].role")


def _path(loc: tuple[int | str, ...]) -> str:
    """Write a place as OpenAI does, without the names that pydantic gives to alternatives."""
    path = ""
    for before, part in zip(("", *loc), loc, strict=False):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not (isinstance(before, int) and part in _TAGS) and part.isidentifier() and part != "str":
            path += f".{part}" if path else part
    return path
