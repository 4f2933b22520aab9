"""MCP servers: how workers reach them, and what they tell about them. Secrets by name, never by value."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from agents_crds.contract.payload import Payload
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import JsonSchema


class NamedValue(Payload):
    """A header or an environment variable: a text, or a file below the worker's secrets directory."""

    name: str
    value: str = ""
    secret_path: str | None = None
    """Set instead of `value`."""
    prefix: str = ""
    """Put before the secret, as `Bearer `."""


class StdioTransport(Payload):
    """A process that the worker starts."""

    type: Literal["stdio"] = "stdio"
    command: str
    args: tuple[str, ...] = ()
    env: tuple[NamedValue, ...] = ()


class SseTransport(Payload):
    """A server that speaks HTTP with server-sent events."""

    type: Literal["sse"] = "sse"
    url: str
    headers: tuple[NamedValue, ...] = ()


class StreamableHttpTransport(Payload):
    """A server that speaks streamable HTTP."""

    type: Literal["streamableHttp"] = "streamableHttp"
    url: str
    headers: tuple[NamedValue, ...] = ()


Transport = Annotated[StdioTransport | SseTransport | StreamableHttpTransport, Field(discriminator="type")]


class McpTarget(Payload):
    """Where an MCP server is."""

    server: str
    """Name of the MCPServer."""
    transport: Transport
    connect_timeout: timedelta
    """For opening a session, and for each request that is not a tool call."""
    call_timeout: timedelta


class McpServerRoute(Payload):
    """An MCP server that a run may call, and the queue of the pool that calls it."""

    target: McpTarget
    queue: str


class McpToolRoute(Payload):
    """The tool of an MCP server that a route leads to."""

    server: str
    tool: str
    """Its name on the server."""


class McpTool(Payload):
    """A tool, as its server lists it."""

    name: str
    description: str = ""
    input_schema: JsonSchema
    idempotent: bool = False
    """By its hints `idempotentHint` or `readOnlyHint`."""


class McpPromptArgument(Payload):
    """An argument of a prompt."""

    name: str
    description: str = ""
    required: bool = False


class McpPrompt(Payload):
    """A prompt, as its server lists it."""

    name: str
    description: str = ""
    arguments: tuple[McpPromptArgument, ...] = ()


class McpCatalogue(Payload):
    """Everything that a server offers, all pages of it."""

    type: Literal["catalogue"] = "catalogue"
    server_name: str = ""
    server_version: str = ""
    protocol_version: str = ""
    tools: tuple[McpTool, ...]
    prompts: tuple[McpPrompt, ...]
    left_out: tuple[str, ...] = ()
    """What else the server lists, and why it cannot be used, as `tool 'x' (its name is there twice)`."""


class McpFailure(Payload):
    """Why a server did not do what it was asked for; the message holds no secret."""

    type: Literal["failure"] = "failure"
    reason: Reason
    message: str


class McpText(Payload):
    """A prompt as text."""

    type: Literal["text"] = "text"
    text: str


class DescribeMcpServerInput(Payload):
    """Ask for everything that a server offers."""

    target: McpTarget
    namespace: str
    operator_queue: str
    listen: timedelta
    """How long the worker listens for changes of the lists afterwards, and tells of them."""


class DescribeMcpServerResult(Payload):
    """What the server offers, or why that is not known."""

    answer: Annotated[McpCatalogue | McpFailure, Field(discriminator="type")]


class GetMcpPromptInput(Payload):
    """Ask for a prompt."""

    target: McpTarget
    prompt: str
    arguments: dict[str, str]


class GetMcpPromptResult(Payload):
    """The prompt, or why it could not be had."""

    answer: Annotated[McpText | McpFailure, Field(discriminator="type")]


class McpServerChanged(Payload):
    """A server told that its lists have changed."""

    namespace: str
    server: str
    operator_queue: str = ""
    """Where the operator is told."""


def is_deeper(value: JsonValue, levels: int) -> bool:
    """Tell whether lists and objects are nested deeper than that."""
    match value:
        case dict():
            return levels == 0 or any(is_deeper(each, levels - 1) for each in value.values())
        case list():
            return levels == 0 or any(is_deeper(each, levels - 1) for each in value)
        case _:
            return False
