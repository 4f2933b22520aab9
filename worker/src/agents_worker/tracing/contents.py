"""What was said in a call, for who asks for it: bounded, in the form of OpenTelemetry's conventions; pure."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from agents_crds.contract.run import FunctionResult
from agents_crds.contract.transcript import (
    InputMessage,
    ModelMessage,
    ResultMessage,
    SaidMessage,
    TextPart,
    TranscriptMessage,
)
from agents_crds.telemetry.spans import Attributes
from agents_worker.chat_messages import ChatAnswer, ChatRequest, words_of
from agents_worker.messages import (
    ConversationRestart,
    ConversationStart,
    FunctionCall,
    McpToolCall,
    Message,
    ModelAnswer,
    ResultsAppend,
    ToolCall,
    ToolResult,
)
from agents_worker.text import clip

TEXT_LIMIT = 4_000
"""Bytes of a text."""
LIMIT = 32_000
"""Bytes of all messages of a call: the newest count."""

Json = dict[str, JsonValue]


def asked(request: object) -> Attributes:
    """Return what a model or a tool is given."""
    match request:
        case ToolCall(arguments=arguments) | McpToolCall(arguments=arguments):
            return {"gen_ai.tool.call.arguments": clip(arguments, TEXT_LIMIT)}
        case ChatRequest(messages=messages, agent=agent):
            said = {"gen_ai.input.messages": _written([_transcribed(each) for each in messages])}
            if agent.instructions:
                said["gen_ai.system_instructions"] = _json([_text(agent.instructions)])
            return said
        case ConversationStart(messages=(), input=text):
            return {"gen_ai.input.messages": _written([_message("user", [_text(text)])])}
        case ConversationStart(messages=messages):
            return {"gen_ai.input.messages": _written([_said(each) for each in messages])}
        case (
            ResultsAppend(results=results, messages=messages)
            | ConversationRestart(results=results, messages=messages)
        ):
            told = [*_results(results), *(_said(each) for each in messages)]
            return {"gen_ai.input.messages": _written(told)}
        case _:
            return {}


def answered(answer: object) -> Attributes:
    """Return what came of it."""
    match answer:
        case ToolResult(text=text):
            return {"gen_ai.tool.call.result": clip(text, TEXT_LIMIT)}
        case ChatAnswer(message=message, finish_reason=reason):
            output = {**_transcribed(message), "finish_reason": reason}
            return {"gen_ai.output.messages": _written([output])}
        case ModelAnswer():
            parts = list(_parts(answer))
            return {"gen_ai.output.messages": _written([_message("assistant", parts)])} if parts else {}
        case _:
            return {}


def _parts(answer: ModelAnswer) -> Iterator[Json]:
    for entry in answer.entries:
        match entry:
            case Message(text=text) if text:
                yield _text(text)
            case FunctionCall(tool_call_id=call, name=name, arguments=arguments):
                yield _call(call, name, arguments)
            case _:
                continue


def _transcribed(message: TranscriptMessage) -> Json:
    match message:
        case SaidMessage(message=said):
            return _said(said)
        case ModelMessage(content=content, calls=calls):
            words = words_of(content)
            made = [_call(each.id, each.name, each.arguments) for each in calls]
            return _message("assistant", [*([_text(words)] if words else []), *made])
        case ResultMessage(call_id=call, text=text):
            return _message("tool", [_response(call, text)])


def _said(message: InputMessage) -> Json:
    image: Json = {"type": "image"}
    parts = [_text(part.text) if isinstance(part, TextPart) else image for part in message.content]
    return _message(message.role, parts)


def _results(results: Iterable[FunctionResult]) -> list[Json]:
    return [_message("tool", [_response(each.tool_call_id, each.text)]) for each in results]


def _message(role: str, parts: Sequence[Json]) -> Json:
    return {"role": role, "parts": list(parts)}


def _text(text: str) -> Json:
    return {"type": "text", "content": clip(text, TEXT_LIMIT)}


def _call(id_: str, name: str, arguments: str) -> Json:
    try:
        given: JsonValue = (
            from_json(arguments) if len(arguments) <= TEXT_LIMIT else clip(arguments, TEXT_LIMIT)
        )
    except ValueError:
        given = arguments
    return {"type": "tool_call", "id": id_, "name": name, "arguments": given}


def _response(call: str, text: str) -> Json:
    return {"type": "tool_call_response", "id": call, "response": clip(text, TEXT_LIMIT)}


def _written(messages: Sequence[Json]) -> str:
    """Write down the newest of the messages that fit."""
    kept, room = list[Json](), LIMIT
    for message in reversed(messages):
        room -= len(to_json(message))
        if room < 0:
            break
        kept.append(message)
    return _json(kept[::-1])


def _json(value: Sequence[Json]) -> str:
    return to_json(value).decode()
