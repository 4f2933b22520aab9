"""System prompts that come from somewhere else, and what was read there."""

from typing import Annotated, ClassVar

from pydantic import Field

from agents_crds.v1alpha1.base import ApiModel, Rule
from agents_crds.v1alpha1.fields import ConfigMapKeyRef, McpServerRef, StringMap, Time

INSTRUCTIONS_LIMIT = 65_536
"""Characters of a system prompt."""


class McpPromptRef(ApiModel):
    """A prompt of an MCP server."""

    server_ref: McpServerRef
    """The MCPServer."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    """Name of the prompt on the server."""

    arguments: StringMap = Field(default_factory=dict, max_length=32)
    """Arguments of the prompt."""


class InstructionsSource(ApiModel):
    """Where the system prompt comes from."""

    config_map_key_ref: ConfigMapKeyRef | None = None
    """A key of a ConfigMap; a change of it updates the agent."""

    mcp_prompt: McpPromptRef | None = None
    """A prompt of an MCP server; it is asked for again when the server is refreshed."""

    rules: ClassVar = (
        Rule(
            cel="has(self.configMapKeyRef) != has(self.mcpPrompt)",
            message="exactly one of configMapKeyRef and mcpPrompt",
            holds=lambda source: (source.config_map_key_ref is None) != (source.mcp_prompt is None),
        ),
    )


class Instructions(ApiModel):
    """The system prompt, as it was last read from `spec.instructionsFrom`."""

    text: Annotated[str, Field(max_length=INSTRUCTIONS_LIMIT)]
    """The text; while its source is not there, this one goes on being used."""

    source: Annotated[str, Field(max_length=64)]
    """Hash of the `spec.instructionsFrom` that it was read by."""

    changed: Time
    """When it was first read so."""
