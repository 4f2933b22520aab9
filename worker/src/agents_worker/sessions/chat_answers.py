"""From a server's answer to a chat to the loop's own, small enough for a workflow's history."""

from collections.abc import Callable, Iterator, Sequence
from math import isfinite

from pydantic import JsonValue

from agents_crds.contract.cut import storable
from agents_crds.contract.run import Usage
from agents_crds.contract.transcript import ModelMessage, TranscriptCall
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.chat_messages import ChatAnswer, ChatRequest, id_digest, words_of
from agents_worker.sessions.chat_wire import WireChat, WireChatMessage, WireChoice
from agents_worker.sessions.verdict import GiveUp
from agents_worker.sessions.wire import WireUsage
from agents_worker.text import share, size_of

MOST_CALLS = 128
"""Calls of an answer that are taken: as many as a turn carries out, and as OpenAI takes back."""

_NAME_LIMIT = 256
# LiteLLM puts the signature of a thought into it.
_ID_LIMIT = 8_000
_DEEPEST = 32


def useless(chat: WireChat) -> GiveUp | None:
    """Say why there is nothing to go on with in an answer; None when there is."""
    choice = chat.choices[0]
    if choice.message.tool_calls or (_has_words(choice) and choice.finish_reason != "content_filter"):
        return None
    match choice.finish_reason:
        case "length" | "model_length":
            why = (
                "The model wrote up to its limit without an answer: raise completion.maxTokens of the Agent, "
                "or shorten what it is given"
            )
        case "content_filter":
            why = "The provider's content filter withheld the answer: change the input or the instructions"
        case _:
            return None
    return GiveUp(Reason.PROVIDER_REJECTED, why)


def answer_of(request: ChatRequest, chat: WireChat, *, limit: int, new_id: Callable[[], str]) -> ChatAnswer:
    """Turn a server's answer into the transcript's next message, of `limit` bytes at most.

    `new_id` makes ids for calls that have none, or one that the transcript has already.
    """
    said = chat.choices[0].message
    message = ModelMessage(
        agent=request.name,
        content=_storable(said.content or said.refusal or said.content),
        reasoning={name: _storable(thought) for name, thought in _thoughts(said) if thought},
        calls=tuple(_calls(request, said, new_id)),
    )
    return ChatAnswer(
        message=_bounded(message, limit),
        usage=_usage(chat.usage),
        model=storable(chat.model[:_NAME_LIMIT]),
        finish_reason=storable(chat.choices[0].finish_reason[:_NAME_LIMIT]),
    )


def _has_words(choice: WireChoice) -> bool:
    return bool(words_of(choice.message.content) or choice.message.refusal)


def _thoughts(said: WireChatMessage) -> Iterator[tuple[str, JsonValue]]:
    yield "reasoning_content", said.reasoning_content
    yield "reasoning", said.reasoning
    yield "reasoning_details", said.reasoning_details


def _calls(
    request: ChatRequest, said: WireChatMessage, new_id: Callable[[], str]
) -> Iterator[TranscriptCall]:
    used = {call.id for each in request.messages if isinstance(each, ModelMessage) for call in each.calls}
    for call in said.tool_calls[:MOST_CALLS]:
        id_ = storable(call.id)
        if not id_ or len(id_) > _ID_LIMIT or id_ in used or id_digest(id_) in request.forgotten:
            id_ = new_id()
        used.add(id_)
        yield TranscriptCall(
            id=id_,
            name=storable(call.function.name[:_NAME_LIMIT]),
            arguments=storable(call.function.arguments) or "{}",
            extra_content=_storable(call.extra_content),
        )


def _bounded(message: ModelMessage, limit: int) -> ModelMessage:
    """Cut what is too long; the thoughts and the form of what was said are given up with it."""
    if size_of(message) <= limit:
        return message
    bare = _with_texts(message, "", [""] * len(message.calls))
    texts = (words_of(message.content), *(call.arguments for call in message.calls))
    words, *arguments = share(texts, max(0, limit - size_of(bare)))
    return _with_texts(message, words, arguments)


def _with_texts(message: ModelMessage, words: str, arguments: Sequence[str]) -> ModelMessage:
    calls = (
        call.model_copy(update={"arguments": cut, "extra_content": None})
        for call, cut in zip(message.calls, arguments, strict=True)
    )
    return message.model_copy(update={"content": words, "reasoning": {}, "calls": tuple(calls)})


def _storable(value: JsonValue, levels: int = _DEEPEST) -> JsonValue:
    """Replace what no JSON holds, and leave out what is nested so deep that a parser may give up."""
    match value:
        case str():
            return storable(value)
        case float() if not isfinite(value):
            return None
        case list() | dict() if not levels:
            return None
        case list():
            return [_storable(each, levels - 1) for each in value]
        case dict():
            return {storable(name): _storable(each, levels - 1) for name, each in value.items()}
        case _:
            return value


def _usage(usage: WireUsage | None) -> Usage:
    if usage is None:
        return Usage()
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens or usage.prompt_tokens + usage.completion_tokens,
    )
