"""The answer to a chat, in the form of each dialect."""

from typing import Literal

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, model_serializer

from tests.standin.base import Frozen
from tests.standin.chat_answering import Said
from tests.standin.chat_messages import AssistantMessage, CalledFunction, ThinkChunk, ToolCall
from tests.standin.chat_requests import Asked
from tests.standin.chunks import TextChunk

Finish = Literal["stop", "length", "tool_calls"]


class ChatUsage(Frozen):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Choice(Frozen):
    index: int
    message: AssistantMessage
    finish_reason: Finish


class ChatCompletion(Frozen):
    """Mistral's: a thought is a chunk of the content."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: ChatUsage


class OpenAiCalled(Frozen):
    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class OpenAiReply(Frozen):
    """OpenAI's, with the field in which servers that follow it show a thought; absent without one."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    reasoning_content: str | None = None
    refusal: str | None = None
    annotations: tuple[str, ...] = ()
    tool_calls: tuple[OpenAiCalled, ...] = ()

    @model_serializer(mode="wrap")
    def _only_what_is_there(self, write: SerializerFunctionWrapHandler) -> dict[str, object]:
        absent = {name for name in ("reasoning_content", "tool_calls") if not getattr(self, name)}
        return {name: value for name, value in write(self).items() if name not in absent}


class OpenAiChoice(Frozen):
    index: int
    message: OpenAiReply
    logprobs: None = None
    finish_reason: Finish


class OpenAiCompletion(Frozen):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[OpenAiChoice, ...]
    usage: ChatUsage
    service_tier: str = "default"
    system_fingerprint: str | None = Field(default=None, description="none: nothing is known of it")


def as_mistral(asked: Asked, said: Said, digest: str, created: int) -> BaseModel:
    """Write an answer as Mistral does, as many times as was asked."""
    thought = ThinkChunk(thinking=(TextChunk(text=said.thought),), closed=True)
    spoken = (TextChunk(text=said.text),) if said.text else ()
    calls = tuple(
        ToolCall(id=call.id, function=CalledFunction(name=call.name, arguments=call.arguments), index=index)
        for index, call in enumerate(said.calls)
    )
    message = AssistantMessage(
        content=(thought, *spoken) if said.thought else said.text, tool_calls=calls or None
    )
    return ChatCompletion(
        id=digest,
        created=created,
        model=asked.model,
        choices=tuple(
            Choice(index=index, message=message, finish_reason=said.finish) for index in range(asked.number)
        ),
        usage=_usage(said),
    )


def as_openai(asked: Asked, said: Said, digest: str, created: int) -> BaseModel:
    """Write an answer as OpenAI does, as many times as was asked."""
    message = OpenAiReply(
        content=None if said.calls and not said.text else said.text,
        reasoning_content=said.thought or None,
        tool_calls=tuple(
            OpenAiCalled(
                id=f"call_{call.id}", function=CalledFunction(name=call.name, arguments=call.arguments)
            )
            for call in said.calls
        ),
    )
    return OpenAiCompletion(
        id=f"chatcmpl-{digest}",
        created=created,
        model=asked.model,
        choices=tuple(
            OpenAiChoice(index=index, message=message, finish_reason=said.finish)
            for index in range(asked.number)
        ),
        usage=_usage(said),
    )


def _usage(said: Said) -> ChatUsage:
    usage = said.usage
    return ChatUsage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
    )
