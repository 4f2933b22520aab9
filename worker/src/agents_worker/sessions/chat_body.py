"""What is sent to a server of chat completions, in Mistral's dialect or in OpenAI's, as most others.

Only what is set is sent: servers differ in what they know, and some refuse what they do not.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from agents_crds.contract.transcript import (
    CompletionOptions,
    HandoffTarget,
    ImagePart,
    InputMessage,
    LocalAgent,
    ModelMessage,
    ResultMessage,
    SaidMessage,
    TextPart,
    TranscriptCall,
    TranscriptMessage,
)
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.chat_messages import ChatRequest

Body = dict[str, JsonValue]

_NO_PARAMETERS: Body = {"type": "object", "properties": {}}
_INTERRUPTED: Body = {"role": "assistant", "content": "(interrupted)"}
_NO_LETTER = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LIMIT = 64
_ID_LENGTH = 9


@dataclass(frozen=True)
class Dialect:
    """In what the servers differ."""

    path: str
    """Below the provider's URL."""
    seed: str
    must_call: str
    """The tool choice that lets the model not answer without a call."""
    is_strict: bool
    """Whether any schema may be asked for strictly: OpenAI takes only some so."""
    is_open: bool
    """Whether what a server gave beyond the protocol goes back: Mistral refuses fields it does not know."""
    lets_users_interrupt: bool
    """Whether a user may speak right after a tool's result."""
    call_id: re.Pattern[str]
    """What an id may be; one of a run that went on from another provider's may not be that."""


MISTRAL = Dialect(
    path="/v1/chat/completions",
    seed="random_seed",
    must_call="any",
    is_strict=True,
    is_open=False,
    lets_users_interrupt=False,
    call_id=re.compile(r"[a-zA-Z0-9]{9}"),
)
OPENAI = Dialect(
    path="/chat/completions",
    seed="seed",
    must_call="required",
    is_strict=False,
    is_open=True,
    lets_users_interrupt=True,
    call_id=re.compile(r".+", re.DOTALL),
)


def dialect_of(request: ChatRequest) -> Dialect:
    """Choose how to speak to a provider."""
    return MISTRAL if request.provider.protocol == "Mistral" else OPENAI


def chat_body(request: ChatRequest) -> Body:
    """Write a request: the agent's instructions, then all that was said."""
    dialect, agent = dialect_of(request), request.agent
    messages = [*_system(request), *_spoken(request.messages, dialect)]
    body: Body = {"model": agent.model, "messages": list(messages), **_options(agent.options, dialect)}
    if tools := _tools(agent):
        body["tools"] = list(tools)
        if agent.options.tool_choice is not None:
            is_must = agent.options.tool_choice in {"any", "required"}
            body["tool_choice"] = dialect.must_call if is_must else agent.options.tool_choice
    if request.output_schema is not None:
        body["response_format"] = _form(request.output_schema, dialect)
    return body


def _system(request: ChatRequest) -> tuple[Body, ...]:
    texts = [request.agent.instructions, _team(request)]
    text = "\n\n".join(part for part in texts if part)
    return ({"role": "system", "content": text},) if text else ()


def _team(request: ChatRequest) -> str:
    """Tell the agent who it is, and to whom it can hand over, where it is not alone."""
    targets = request.agent.handoffs
    others = any(isinstance(each, ModelMessage) and each.agent != request.name for each in request.messages)
    if not targets and not others:
        return ""
    lines = [f"You are the agent {request.name}, one of several in this conversation."]
    if targets:
        lines.append(
            "Where another agent fits better, hand the conversation over by calling its tool, one at a time; "
            "it goes on from there with all that was said:"
        )
        lines += [f"- {target.tool}: {_described(target)}" for target in targets]
    return "\n".join(lines)


def _described(target: HandoffTarget) -> str:
    return f"{target.agent}: {target.description}" if target.description else target.agent


def _tools(agent: LocalAgent) -> tuple[Body, ...]:
    functions = ((each.name, each.description, {**each.parameters}) for each in agent.functions)
    handoffs = (
        (each.tool, f"Hands the conversation over to the agent {_described(each)}", _NO_PARAMETERS)
        for each in agent.handoffs
    )
    return tuple(
        {
            "type": "function",
            "function": {"name": name, "description": description, "parameters": parameters},
        }
        for name, description, parameters in (*functions, *handoffs)
    )


def _options(options: CompletionOptions, dialect: Dialect) -> Body:
    values: Body = {
        "temperature": options.temperature,
        "top_p": options.top_p,
        "max_tokens": options.max_tokens,
        dialect.seed: options.random_seed,
        "presence_penalty": options.presence_penalty,
        "frequency_penalty": options.frequency_penalty,
        "stop": None if options.stop is None else list(options.stop),
    }
    return {name: value for name, value in values.items() if value is not None}


def _form(schema: JsonSchema, dialect: Dialect) -> Body:
    form: Body = {"name": "output", "schema": {**schema}}
    return {"type": "json_schema", "json_schema": form | ({"strict": True} if dialect.is_strict else {})}


def _spoken(messages: Sequence[TranscriptMessage], dialect: Dialect) -> Iterator[Body]:
    before: TranscriptMessage | None = None
    for message in messages:
        is_interruption = isinstance(before, ResultMessage) and isinstance(message, SaidMessage)
        if is_interruption and not dialect.lets_users_interrupt:
            yield _INTERRUPTED
        written = _written(message, dialect)
        if written is not None:
            yield written
            before = message


def _written(message: TranscriptMessage, dialect: Dialect) -> Body | None:
    match message:
        case SaidMessage(message=said):
            return {"role": said.role, "content": _content(said)}
        case ModelMessage():
            return _model(message, dialect)
        case ResultMessage(call_id=call, text=text):
            return {"role": "tool", "tool_call_id": _id(call, dialect), "content": text}


def _content(said: InputMessage) -> JsonValue:
    texts = [part.text for part in said.content if isinstance(part, TextPart)]
    if len(texts) == len(said.content):
        return "\n\n".join(texts)  # not every server takes parts
    return [_part(part) for part in said.content]


def _part(part: TextPart | ImagePart) -> Body:
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text}
        case ImagePart(url=url):
            return {"type": "image_url", "image_url": {"url": url}}


def _model(message: ModelMessage, dialect: Dialect) -> Body | None:
    calls: list[JsonValue] = [_call(call, dialect) for call in message.calls]
    if not calls and not message.content:
        return None  # servers refuse an answer of nothing
    # Some want the content named where it is null, too.
    written: Body = {"role": "assistant", "content": message.content}
    return written | (message.reasoning if dialect.is_open else {}) | ({"tool_calls": calls} if calls else {})


def _call(call: TranscriptCall, dialect: Dialect) -> Body:
    # What a model made up may be a name that servers refuse.
    name = _NO_LETTER.sub("_", call.name)[:_NAME_LIMIT] or "unknown"
    written: Body = {
        "id": _id(call.id, dialect),
        "type": "function",
        "function": {"name": name, "arguments": _arguments(call)},
    }
    is_more = dialect.is_open and call.extra_content is not None
    return written | ({"extra_content": call.extra_content} if is_more else {})


def _id(call_id: str, dialect: Dialect) -> str:
    if dialect.call_id.fullmatch(call_id):
        return call_id
    return hashlib.sha256(call_id.encode()).hexdigest()[:_ID_LENGTH]


def _arguments(call: TranscriptCall) -> str:
    """Return a call's arguments; servers refuse what is no JSON object, also where a model wrote it."""
    try:
        is_object = isinstance(from_json(call.arguments, allow_inf_nan=False), dict)
    except ValueError:
        is_object = False
    return call.arguments if is_object else to_json({"malformed": call.arguments}).decode()
