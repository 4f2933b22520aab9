"""What a Local session says to a model: its agents, and the transcript that the run keeps itself."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agents_crds.contract.payload import Payload
from agents_crds.v1alpha1.fields import JsonSchema


class FunctionDefinition(Payload):
    """A tool as the model is told of it."""

    name: str
    description: str = ""
    parameters: JsonSchema


class HandoffTarget(Payload):
    """An agent that another one may give the conversation to, by calling a tool of this name."""

    agent: str
    tool: str
    description: str = ""


class CompletionOptions(Payload):
    """How the model writes; None leaves it to the server."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    random_seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] | None = None
    tool_choice: Literal["auto", "none", "any", "required"] | None = None


class LocalAgent(Payload):
    """An agent that lives in the run alone: all that its provider is told with every call."""

    model: str
    instructions: str = ""
    functions: tuple[FunctionDefinition, ...] = ()
    """Its tools of every kind, without those for handoffs."""
    handoffs: tuple[HandoffTarget, ...] = ()
    options: CompletionOptions = CompletionOptions()
    context_window: int | None = None
    """Tokens that the model takes; None where that is only known when it refuses."""


class TextPart(Payload):
    """A part of a message: words."""

    type: Literal["text"] = "text"
    text: str


class ImagePart(Payload):
    """A part of a message: an image, by its address."""

    type: Literal["image"] = "image"
    url: str


class InputMessage(Payload):
    """A message that is said to the agent, or was said by it before the run."""

    role: Literal["user", "assistant"]
    content: tuple[Annotated[TextPart | ImagePart, Field(discriminator="type")], ...]


class TranscriptCall(Payload):
    """A tool that the model called."""

    id: str
    name: str
    arguments: str
    """As JSON, the way the model wrote it."""
    extra_content: JsonValue = None
    """What the server wants back with the call, as Gemini does its thought's signature."""


class SaidMessage(Payload):
    """Something that was said to the agents, or a summary of what was before."""

    type: Literal["said"] = "said"
    message: InputMessage
    summary: bool = False
    """Whether it stands for what was there before."""


class ModelMessage(Payload):
    """An answer of the model."""

    type: Literal["model"] = "model"
    agent: str
    """The agent that it answered for."""
    content: JsonValue = None
    """A text or chunks, thoughts among them, as the server gave them: so they go back."""
    reasoning: dict[str, JsonValue] = Field(default_factory=dict)
    """Fields of the message with its thoughts, as `reasoning_content`: so they go back."""
    calls: tuple[TranscriptCall, ...] = ()


class ResultMessage(Payload):
    """What came of a call."""

    type: Literal["result"] = "result"
    call_id: str
    name: str
    text: str


TranscriptMessage = Annotated[SaidMessage | ModelMessage | ResultMessage, Field(discriminator="type")]
