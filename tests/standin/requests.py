"""The bodies and queries that the API accepts."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tests.standin.base import Frozen
from tests.standin.entries import Inputs
from tests.standin.tools import CompletionArgs, Guardrail, Tools

Metadata = dict[str, JsonValue]
Handoffs = Annotated[tuple[str, ...], Field(min_length=1)]
VersionMessage = Annotated[str, Field(max_length=500)]
AgentVersion = int | str
HandoffExecution = Literal["client", "server"]


class CreateAgent(Frozen):
    model: str
    name: str
    instructions: str | None = None
    tools: Tools = ()
    completion_args: CompletionArgs = CompletionArgs()
    guardrails: tuple[Guardrail, ...] | None = None
    description: str | None = None
    handoffs: Handoffs | None = None
    metadata: Metadata | None = None
    version_message: VersionMessage | None = None


class UpdateAgent(Frozen):
    """Only the fields that were sent count: `model_fields_set` names them."""

    model: str | None = None
    name: str | None = None
    instructions: str | None = None
    tools: Tools = ()
    completion_args: CompletionArgs = CompletionArgs()
    guardrails: tuple[Guardrail, ...] | None = None
    description: str | None = None
    handoffs: Handoffs | None = None
    deployment_chat: bool | None = None
    metadata: Metadata | None = None
    version_message: VersionMessage | None = None


class StartConversation(Frozen):
    inputs: Inputs
    stream: bool = False
    store: bool | None = True
    handoff_execution: HandoffExecution | None = "server"
    instructions: str | None = None
    tools: Tools | None = None
    completion_args: CompletionArgs | None = None
    guardrails: tuple[Guardrail, ...] | None = None
    name: str | None = None
    description: str | None = None
    metadata: Metadata | None = None
    agent_id: str | None = None
    agent_version: AgentVersion | None = None
    model: str | None = None


class ToolConfirmation(Frozen):
    tool_call_id: str
    confirmation: Literal["allow", "deny"]


class AppendConversation(Frozen):
    inputs: Inputs = ()
    stream: bool = False
    store: bool = True
    handoff_execution: HandoffExecution = "server"
    completion_args: CompletionArgs | None = None
    tool_confirmations: tuple[ToolConfirmation, ...] | None = None


class RestartConversation(Frozen):
    from_entry_id: str
    inputs: Inputs = ()
    stream: bool = False
    store: bool = True
    handoff_execution: HandoffExecution = "server"
    completion_args: CompletionArgs | None = None
    guardrails: tuple[Guardrail, ...] | None = None
    metadata: Metadata | None = None
    agent_version: AgentVersion | None = None


class Query(BaseModel):
    """A query string; unknown parameters are ignored, as FastAPI does."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AgentFilter(Query):
    """Which agents to list. `name` and `search` match parts of a name, so that callers must check again."""

    name: str | None = None
    search: str | None = None
    id: str | None = None
    deployment_chat: bool | None = None
    sources: tuple[Literal["api", "playground", "agent_builder_v1"], ...] = ()
    metadata: Metadata | None = None


class AgentPages(AgentFilter):
    page_size: int = Field(default=20, ge=1, le=1000)
    page_token: str | None = None


class AgentList(AgentFilter):
    page: int = Field(default=0, ge=0)
    page_size: int = Field(default=20, ge=1, le=1000)


class VersionList(Query):
    page: int = Field(default=0, ge=0)
    page_size: int = Field(default=20, ge=1, le=100)


class ConversationList(Query):
    page: int = Field(default=0, ge=0)
    page_size: int = Field(default=100, ge=1, le=1000)
    metadata: Metadata | None = None


class OneVersion(Query):
    agent_version: str | None = None


class VersionSwitch(Query):
    version: int = Field(ge=0)


class OneAlias(Query):
    alias: str = Field(pattern=r"^[a-z]([a-z0-9_-]*[a-z0-9])?$", max_length=64)


class AliasSwitch(OneAlias):
    version: int = Field(ge=0)
