"""What happened in a run, in order: messages, tool calls, what the provider's tools did, handoffs."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agents_crds.contract.payload import Payload


class TextContent(Payload):
    """Words of the agent."""

    type: Literal["text"] = "text"
    text: str


class ReferenceContent(Payload):
    """A source that a tool of the provider found."""

    type: Literal["reference"] = "reference"
    tool: str
    title: str = ""
    url: str = ""


class FileContent(Payload):
    """A file or an image that a tool of the provider made; it is fetched from the provider by its id."""

    type: Literal["file"] = "file"
    tool: str
    id: str
    name: str = ""
    media_type: str = ""


Content = Annotated[TextContent | ReferenceContent | FileContent, Field(discriminator="type")]


class MessageEntry(Payload):
    """Something that an agent wrote."""

    type: Literal["message"] = "message"
    agent: str
    content: tuple[Content, ...]


class ToolCallEntry(Payload):
    """A call of a function or of an MCP tool, with what came back."""

    type: Literal["toolCall"] = "toolCall"
    agent: str
    name: str
    arguments: str
    """As JSON, the way the model wrote it."""
    result: str
    """What the model was told."""
    denied: bool = False
    """Whether it waited for a confirmation, and was denied."""


class ToolExecutionEntry(Payload):
    """A tool that the provider ran itself."""

    type: Literal["toolExecution"] = "toolExecution"
    agent: str
    name: str
    arguments: str
    info: dict[str, JsonValue] = Field(default_factory=dict)
    """What the tool tells about it, as code and its output."""


class HandoffEntry(Payload):
    """An agent gave the conversation to another one."""

    type: Literal["handoff"] = "handoff"
    agent: str
    to: str


class OtherEntry(Payload):
    """An entry of a kind that this release does not know."""

    type: Literal["other"] = "other"
    agent: str = ""
    kind: str


RunEntry = Annotated[
    MessageEntry | ToolCallEntry | ToolExecutionEntry | HandoffEntry | OtherEntry,
    Field(discriminator="type"),
]
