"""The body of a chat completion as OpenAI's API takes it, and what of it the model needs."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from tests.standin import chat_messages
from tests.standin.base import Frozen
from tests.standin.chat_messages import (
    AssistantMessage,
    CalledFunction,
    Message,
    SystemMessage,
    ThinkChunk,
    ToolMessage,
    UserMessage,
)
from tests.standin.chat_requests import Asked, NamedChoice
from tests.standin.chunks import ImageUrl, ImageUrlChunk, TextChunk
from tests.standin.tools import Function, JsonSchemaFormat, ResponseFormat

Texts = str | tuple[TextChunk, ...]


class ImagePart(Frozen):
    type: Literal["image_url"]
    image_url: ImageUrl


class FunctionArguments(Frozen):
    name: str
    arguments: str


class OpenAiCall(Frozen):
    id: str
    type: Literal["function"]
    function: FunctionArguments


class OpenAiSystem(Frozen):
    role: Literal["system", "developer"]
    content: Texts
    name: str | None = None


class OpenAiUser(Frozen):
    role: Literal["user"]
    content: str | tuple[Annotated[TextChunk | ImagePart, Field(discriminator="type")], ...]
    name: str | None = None


class OpenAiAssistant(Frozen):
    """An answer given back; `reasoning_content` is no part of OpenAI's API, but of many that follow it."""

    role: Literal["assistant"]
    content: Texts | None = None
    name: str | None = None
    refusal: str | None = None
    audio: dict[str, JsonValue] | None = None
    annotations: tuple[JsonValue, ...] | None = None
    tool_calls: Annotated[tuple[OpenAiCall, ...], Field(min_length=1)] | None = None
    reasoning_content: str | None = None


class OpenAiTool(Frozen):
    role: Literal["tool"]
    content: Texts
    tool_call_id: str


OpenAiMessage = Annotated[
    OpenAiSystem | OpenAiUser | OpenAiAssistant | OpenAiTool, Field(discriminator="role")
]


class OpenAiFunction(Frozen):
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    strict: bool | None = None


class OpenAiFunctionTool(Frozen):
    type: Literal["function"]
    function: OpenAiFunction


class OpenAiSchema(Frozen):
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")
    description: str | None = None
    schema_definition: dict[str, JsonValue] = Field(alias="schema")
    strict: bool | None = None


class OpenAiFormat(Frozen):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: OpenAiSchema | None = None


class OpenAiChatRequest(Frozen):
    """As in the API's reference. No null stands for a list."""

    model: str
    messages: Annotated[tuple[OpenAiMessage, ...], Field(min_length=1)]
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1)
    max_tokens: int | None = Field(default=None, ge=1)
    metadata: dict[str, str] | None = None
    modalities: tuple[Literal["text", "audio"], ...] | None = None
    n: int | None = Field(default=None, ge=1, le=128)
    parallel_tool_calls: bool | None = None
    prediction: JsonValue = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    prompt_cache_key: str | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None
    response_format: OpenAiFormat | None = None
    safety_identifier: str | None = None
    seed: int | None = None
    service_tier: str | None = None
    stop: str | tuple[str, ...] | None = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: dict[str, JsonValue] | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    tool_choice: Literal["auto", "none", "required"] | NamedChoice | None = None
    tools: Annotated[tuple[OpenAiFunctionTool, ...], Field(min_length=1, max_length=128)] | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    top_p: float | None = Field(default=None, ge=0, le=1)
    user: str | None = None
    verbosity: Literal["low", "medium", "high"] | None = None

    def asked(self) -> Asked:
        """Give what the model needs."""
        return Asked(
            model=self.model,
            messages=tuple(map(_message, self.messages)),
            functions=tuple(_function(tool.function) for tool in self.tools or ()),
            choice=self.tool_choice or "auto",
            form=_form(self.response_format),
            parallel=self.parallel_tool_calls is not False,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            number=self.n or 1,
        )


def _message(message: OpenAiMessage) -> Message:
    match message:
        case OpenAiSystem(content=content):
            return SystemMessage(content=content)
        case OpenAiUser(content=content):
            return UserMessage(content=content if isinstance(content, str) else tuple(map(_chunk, content)))
        case OpenAiAssistant():
            return _assistant(message)
        case OpenAiTool(content=content, tool_call_id=call_id):
            return ToolMessage(content=content, tool_call_id=call_id)


def _assistant(message: OpenAiAssistant) -> AssistantMessage:
    said = (TextChunk(text=message.content),) if isinstance(message.content, str) else message.content or ()
    thought = message.reasoning_content
    thinking = (ThinkChunk(thinking=(TextChunk(text=thought),)),) if thought else ()
    calls = tuple(
        chat_messages.ToolCall(id=call.id, function=CalledFunction(**dict(call.function)), index=index)
        for index, call in enumerate(message.tool_calls or ())
    )
    return AssistantMessage(content=(*thinking, *said), tool_calls=calls)


def _chunk(part: TextChunk | ImagePart) -> TextChunk | ImageUrlChunk:
    return part if isinstance(part, TextChunk) else ImageUrlChunk(image_url=part.image_url)


def _function(function: OpenAiFunction) -> Function:
    return Function(**{**dict(function), "strict": bool(function.strict)})


def _form(form: OpenAiFormat | None) -> ResponseFormat | None:
    if form is None:
        return None
    if form.json_schema is None:
        return ResponseFormat(type=form.type)
    wanted = form.json_schema
    schema = JsonSchemaFormat(
        name=wanted.name,
        description=wanted.description,
        schema=wanted.schema_definition,
        strict=bool(wanted.strict),
    )
    return ResponseFormat(type=form.type, json_schema=schema)
