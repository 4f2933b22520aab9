"""The adapter to providers: Mistral's agents API by the `mistralai` SDK, and chat completions."""

from agents_operator.mistral.agents import MistralAgents
from agents_operator.mistral.chat import ChatServer
from agents_operator.mistral.connections import MistralConnections, load_sdk, provider_http
from agents_operator.mistral.conversations import Conversation, MistralConversations
from agents_operator.mistral.errors import (
    ModelNotFoundError,
    NotFoundError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnauthorizedError,
    ProviderUnreachableError,
)
from agents_operator.mistral.model import (
    AgentDefinition,
    AgentIdentity,
    CompletionArguments,
    FunctionDefinition,
    MistralAgent,
    ProviderTool,
    RemoteTool,
    Stamp,
    ToolConfiguration,
    ToolDefinition,
)

__all__ = [
    "AgentDefinition",
    "AgentIdentity",
    "ChatServer",
    "CompletionArguments",
    "Conversation",
    "FunctionDefinition",
    "MistralAgent",
    "MistralAgents",
    "MistralConnections",
    "MistralConversations",
    "ModelNotFoundError",
    "NotFoundError",
    "ProviderError",
    "ProviderRejectedError",
    "ProviderTool",
    "ProviderUnauthorizedError",
    "ProviderUnreachableError",
    "RemoteTool",
    "Stamp",
    "ToolConfiguration",
    "ToolDefinition",
    "load_sdk",
    "provider_http",
]
