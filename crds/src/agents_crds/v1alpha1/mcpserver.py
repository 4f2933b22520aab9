"""MCPServer: a server of tools and prompts, which the workers of a pool call."""

import json
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.conditions import ConditionType
from agents_crds.v1alpha1.fields import Flag, JsonSchema, SecretKeyRef, Time, Timeout, WorkerPoolRef
from agents_crds.v1alpha1.meta import Conditions, Status, StoredObject, pending
from agents_crds.v1alpha1.text import ORIGIN, Format, ListMap
from agents_crds.v1alpha1.whole import Whole

MCP_TOOL_LIMIT = 512
MCP_PROMPT_LIMIT = 256
# More is more than a model can take in. The operator has ten times that in memory, for each server; the API
# server takes seconds to write an object of twice the size, and etcd refuses one of 1.5 MB.
MCP_LISTS_LIMIT = 400_000
"""Bytes of a server's tools and prompts, as JSON."""
# Parsers give up some hundred levels down, and a list with one object that they cannot parse is lost to them.
MCP_SCHEMA_LEVELS = 64
"""Objects and lists within each other in a tool's inputSchema."""
_URL = rf"{ORIGIN}(/[!-\"$-~]*)?$"

# Those of the message's framing, and those by which the worker speaks MCP.
_SET_BY_WORKERS = (
    *("connection", "content-encoding", "content-length", "expect", "keep-alive", "te", "trailer", "upgrade"),
    *("transfer-encoding", "accept", "accept-encoding", "content-type", "last-event-id", "traceparent"),
    *("mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id"),
)

Url = Annotated[
    str,
    Field(max_length=2048),
    Format(_URL, "must be an http:// or https:// address without credentials, as in http://tools:8000/mcp"),
]


class ValueSource(ApiModel):
    """Where a value comes from."""

    secret_key_ref: SecretKeyRef
    """A key of a Secret."""


class Value(ApiModel):
    """A value, or where it comes from."""

    value: Annotated[str, Field(max_length=4096)] | None = None
    """The value itself; what is secret belongs into a Secret."""

    value_from: ValueSource | None = None
    """Where it comes from."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.value) != has(self.valueFrom)",
            message="exactly one of value and valueFrom",
            holds=lambda entry: (entry.value is None) != (entry.value_from is None),
        ),
    )


class EnvVar(Value):
    """A variable of the server's environment."""

    name: Annotated[
        str,
        Field(max_length=128),
        Format(r"^[A-Za-z_][A-Za-z0-9_]*$", "must be letters, digits and '_', not beginning with a digit"),
    ]
    """Its name."""


class Header(Value):
    """A header of each request."""

    name: Annotated[str, Field(max_length=128), Format(r"^[A-Za-z0-9-]+$", "must be letters, digits and '-'")]
    """Its name."""

    value: (
        Annotated[str, Field(max_length=4096), Format(r"^[ -~]*$", "must be ASCII without line breaks")]
        | None
    ) = None
    """The value itself; what is secret belongs into a Secret."""

    rules: ClassVar = (
        *Value.rules,
        Rule(
            cel=f"!(self.name.lowerAscii() in {json.dumps(_SET_BY_WORKERS)})",
            message="the worker sets this header itself",
            holds=lambda header: header.name.lower() not in _SET_BY_WORKERS,
            path=".name",
        ),
    )


class Stdio(ApiModel):
    """A server that the worker starts, anew for each call, and speaks to over stdin and stdout."""

    command: Annotated[str, Field(min_length=1, max_length=256)]
    """The command, one of those that the WorkerPool allows in `spec.stdio.allowedCommands`."""

    args: Annotated[tuple[Annotated[str, Field(max_length=4096)], ...], Field(max_length=64)] = ()
    """Its arguments."""

    env: Annotated[tuple[EnvVar, ...], Field(max_length=16), ListMap("name")] = ()
    """Its environment, beside PATH, HOME and the like; it gets nothing else of the worker's."""


class Http(ApiModel):
    """A server at an address."""

    url: Url
    """Its address, as the worker pods reach it."""

    headers: Annotated[tuple[Header, ...], Field(max_length=16), ListMap("name")] = ()
    """Headers of each request."""

    bearer_token_secret_ref: SecretKeyRef | None = None
    """A token, sent as `Authorization: Bearer …`."""

    rules: ClassVar = (
        Rule(
            cel="!has(self.headers) || "
            "self.headers.all(h, self.headers.exists_one(o, o.name.lowerAscii() == h.name.lowerAscii()))",
            message="a header must not come twice, in whatever case",
            holds=lambda http: len({header.name.lower() for header in http.headers}) == len(http.headers),
            path=".headers",
        ),
        Rule(
            cel="!has(self.bearerTokenSecretRef) || !has(self.headers) || "
            "!self.headers.exists(h, h.name.lowerAscii() == 'authorization')",
            message="bearerTokenSecretRef sets the header Authorization: leave out one of them",
            holds=lambda http: (
                http.bearer_token_secret_ref is None
                or all(header.name.lower() != "authorization" for header in http.headers)
            ),
            path=".headers",
        ),
    )


class MCPServerSpec(ApiModel):
    """Where the server is, and who calls it."""

    stdio: Stdio | None = None
    """A process that the worker starts."""

    sse: Http | None = None
    """A server that speaks HTTP with server-sent events, the older of the two."""

    streamable_http: Http | None = None
    """A server that speaks streamable HTTP."""

    connect_timeout: Timeout = timedelta(seconds=10)
    """Longest time to open a session, and of each request but tool calls."""

    call_timeout: Timeout = timedelta(minutes=1)
    """Longest time of one tool call."""

    interval: Timeout = timedelta(minutes=5)
    """How often its tools and prompts are listed anew."""

    worker_pool_ref: WorkerPoolRef = WorkerPoolRef()
    """The WorkerPool whose workers call it."""

    rules: ClassVar = (
        Rule(
            cel="[has(self.stdio), has(self.sse), has(self.streamableHttp)].filter(set, set).size() == 1",
            message="exactly one of stdio, sse and streamableHttp",
            holds=lambda spec: (
                sum(way is not None for way in (spec.stdio, spec.sse, spec.streamable_http)) == 1
            ),
        ),
    )


class ListedTool(ApiModel):
    """A tool, as the server lists it."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    """Its name on the server."""

    description: Annotated[str, Field(max_length=4096)] = ""
    """What it does, as the model is told."""

    input_schema: JsonSchema
    """JSON schema of its arguments."""

    idempotent: Flag = False
    """Whether the server says that it may be called again, by `idempotentHint` or `readOnlyHint`."""


class ListedArgument(ApiModel):
    """An argument of a prompt."""

    name: Annotated[str, Field(max_length=256)]
    """Its name."""

    description: Annotated[str, Field(max_length=1024)] = ""
    """What it is."""

    required: Flag = False
    """Whether the prompt cannot be had without it."""


class ListedPrompt(ApiModel):
    """A prompt, as the server lists it."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    """Its name on the server."""

    description: Annotated[str, Field(max_length=1024)] = ""
    """What it is for."""

    arguments: Annotated[tuple[ListedArgument, ...], Field(max_length=32)] = ()
    """What it takes."""


class ServerInfo(ApiModel):
    """What the server says of itself."""

    name: Annotated[str, Field(max_length=256)] = ""
    """Its name."""

    version: Annotated[str, Field(max_length=256)] = ""
    """Its version."""

    protocol_version: Annotated[str, Field(max_length=64)] = ""
    """The version of MCP that it and the worker agreed on."""


class MCPServerStatus(Status):
    """What the operator observed."""

    server: ServerInfo | None = None
    """What the server says of itself."""

    tools: Annotated[tuple[ListedTool, ...], Field(max_length=MCP_TOOL_LIMIT), ListMap("name")] = ()
    """Its tools, as they were last listed."""

    prompts: Annotated[tuple[ListedPrompt, ...], Field(max_length=MCP_PROMPT_LIMIT), ListMap("name")] = ()
    """Its prompts, as they were last listed."""

    tool_count: Annotated[int, Whole(ge=0)] | None = None
    """How many tools there are."""

    prompt_count: Annotated[int, Whole(ge=0)] | None = None
    """How many prompts there are."""

    refresh_time: Time | None = None
    """When they were last listed."""

    conditions: Conditions = ()
    """Ready."""


class MCPServer(StoredObject):
    """MCPServer is a server of tools and prompts, which the workers of a pool call."""

    spec: MCPServerSpec
    """Where the server is, and who calls it."""

    status: MCPServerStatus = MCPServerStatus(conditions=pending(ConditionType.READY))
    """What the operator observed."""

    rules: ClassVar = (
        Rule(
            cel="self.metadata.name.size() <= 30 && !self.metadata.name.contains('.')",
            message="metadata.name must be no more than 30 characters and without dots",
            holds=lambda server: len(server.metadata.name) <= 30 and "." not in server.metadata.name,
        ),
    )
