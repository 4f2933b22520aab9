"""What the remote agent of an Agent has to be; pure."""

import hashlib
import json
from dataclasses import dataclass

from pydantic import JsonValue

from agents_crds.contract.answers import schema_fault
from agents_crds.v1alpha1 import Agent, AgentSpec, ConditionType, Reason
from agents_crds.v1alpha1.agent import Completion, LinkedAgent
from agents_crds.v1alpha1.fields import JsonSchema
from agents_operator.errors import Stalled
from agents_operator.mistral import (
    AgentDefinition,
    AgentIdentity,
    CompletionArguments,
    Stamp,
    ToolDefinition,
)

HASH_LENGTH = 32


@dataclass(frozen=True)
class Parts:
    """What a remote agent is made of, beside what its spec says itself."""

    model: str
    instructions: str | None = None
    tools: tuple[ToolDefinition, ...] = ()
    handoffs: tuple[LinkedAgent, ...] = ()


@dataclass(frozen=True)
class DesiredAgent:
    """The remote agent that a spec asks for."""

    identity: AgentIdentity
    definition: AgentDefinition
    hash: str
    """Of the definition alone, so that an agent adopted under another uid stays as it is."""
    stamp: Stamp


def require_sound_output_schema(spec: AgentSpec) -> None:
    """Raise Stalled when answers cannot be checked by the schema; the message names the place."""
    fault = None if spec.output_schema is None else schema_fault(spec.output_schema)
    if fault is not None:
        raise Stalled(
            Reason.OUTPUT_SCHEMA_INVALID, f"spec.outputSchema{fault}", condition=ConditionType.ACCEPTED
        )


def identity_of(agent: Agent, *, installation: str) -> AgentIdentity:
    """Return whose remote agent this Agent's is."""
    return AgentIdentity(installation, agent.metadata.namespace, agent.metadata.name)


def desired_agent(agent: Agent, parts: Parts, *, installation: str) -> DesiredAgent:
    """Describe the remote agent for this Agent with these parts."""
    identity = identity_of(agent, installation=installation)
    definition = AgentDefinition(
        model=parts.model,
        name=identity.remote_name,
        description=agent.spec.description,
        instructions=parts.instructions,
        tools=parts.tools,
        completion=completion_arguments(agent.spec.completion, agent.spec.output_schema),
        handoffs=tuple(linked.id for linked in parts.handoffs) or None,
    )
    digest = definition_hash(definition)
    stamp = Stamp(
        installation=identity.installation,
        namespace=identity.namespace,
        name=identity.name,
        uid=agent.metadata.uid,
        hash=digest,
    )
    return DesiredAgent(identity, definition, digest, stamp)


def definition_hash(definition: AgentDefinition) -> str:
    """Hash a definition; fields that are not set do not count, so that a release may add some."""
    canonical = json.dumps(definition.model_dump(mode="json", exclude_none=True), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]


def completion_arguments(completion: Completion, output_schema: JsonSchema | None) -> CompletionArguments:
    """Say how the model writes, with the provider's default where the spec is silent."""
    return CompletionArguments(
        temperature=completion.temperature,
        top_p=completion.top_p,
        max_tokens=completion.max_tokens,
        random_seed=completion.random_seed,
        presence_penalty=completion.presence_penalty,
        frequency_penalty=completion.frequency_penalty,
        stop=completion.stop,
        tool_choice=completion.tool_choice or "auto",
        response_format=None if output_schema is None else response_format(output_schema),
    )


def response_format(output_schema: JsonSchema) -> JsonValue:
    """Ask for answers that fit a schema; `strict` as the SDK's own helper for it sends."""
    form: JsonValue = {"name": "output", "schema": {**output_schema}, "strict": True}
    return {"type": "json_schema", "json_schema": form}
