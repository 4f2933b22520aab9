"""The adapter to Mistral's agents API, over the `mistralai` SDK."""

from agents_operator.mistral.agents import MistralAgents
from agents_operator.mistral.connections import MistralConnections
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
    "CompletionArguments",
    "FunctionDefinition",
    "MistralAgent",
    "MistralAgents",
    "MistralConnections",
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
]
