"""Objects as the API server would show them, by their manifests; metadata goes by its own names."""

from datetime import UTC, datetime

from pydantic import JsonValue

from agents_crds.v1alpha1 import (
    API_VERSION,
    Agent,
    AgentRun,
    MCPServer,
    ModelProvider,
    TemporalConnection,
    WorkerPool,
)

NAMESPACE = "team"
NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
DELETED = "2026-03-01T12:00:00Z"

Manifest = dict[str, JsonValue]


def agent(
    name: str = "finance",
    spec: Manifest | None = None,
    status: Manifest | None = None,
    **metadata: JsonValue,
) -> Agent:
    base: Manifest = {"model": "mistral-small-latest"}
    return Agent.model_validate(_manifest("Agent", name, base | (spec or {}), status, metadata))


def ready_agent(name: str = "finance", spec: Manifest | None = None, **metadata: JsonValue) -> Agent:
    """An Agent that runs can use: its remote agent is `ag_1` in version 3."""
    return agent(name, spec, in_step(), **metadata)


def in_step(generation: int = 1) -> Manifest:
    """Status of an Agent whose spec of that generation is on Mistral's side."""
    return {
        "observedGeneration": generation,
        "remote": {"id": "ag_1", "version": 3},
        "conditions": [condition("Ready", "True", "Synced")],
    }


def run(
    name: str = "rates-1",
    spec: Manifest | None = None,
    status: Manifest | None = None,
    **metadata: JsonValue,
) -> AgentRun:
    base: Manifest = {"agentRef": {"name": "finance"}, "input": "What is the rate?"}
    return AgentRun.model_validate(_manifest("AgentRun", name, base | (spec or {}), status, metadata))


def provider(
    name: str = "default",
    spec: Manifest | None = None,
    status: Manifest | None = None,
    **metadata: JsonValue,
) -> ModelProvider:
    base: Manifest = {"apiKeySecretRef": {"name": "mistral"}}
    return ModelProvider.model_validate(
        _manifest("ModelProvider", name, base | (spec or {}), status, metadata)
    )


def pool(
    name: str = "default",
    container: Manifest | None = None,
    status: Manifest | None = None,
    *,
    replicas: int = 1,
    commands: tuple[str, ...] = (),
    temporal: str | None = None,
    **metadata: JsonValue,
) -> WorkerPool:
    base: Manifest = {"name": "worker", "image": "worker:1"}
    worker: JsonValue = base | (container or {})
    spec: Manifest = {
        "replicas": replicas,
        "template": {"spec": {"containers": [worker]}},
        "stdio": {"allowedCommands": list(commands)},
        **({} if temporal is None else {"temporalConnectionRef": {"name": temporal}}),
    }
    return WorkerPool.model_validate(_manifest("WorkerPool", name, spec, status, metadata))


def mcp_server(
    name: str = "maps",
    spec: Manifest | None = None,
    status: Manifest | None = None,
    **metadata: JsonValue,
) -> MCPServer:
    base: Manifest = {"streamableHttp": {"url": "http://maps:8000/mcp"}}
    return MCPServer.model_validate(_manifest("MCPServer", name, spec or base, status, metadata))


def temporal_connection(
    name: str = "eu",
    spec: Manifest | None = None,
    status: Manifest | None = None,
    **metadata: JsonValue,
) -> TemporalConnection:
    base: Manifest = {"address": "temporal.example.com:7233"}
    return TemporalConnection.model_validate(
        _manifest("TemporalConnection", name, base | (spec or {}), status, metadata)
    )


def listed(name: str, **fields: JsonValue) -> Manifest:
    """A tool as an MCPServer's status lists it."""
    base: Manifest = {"name": name, "inputSchema": {"type": "object"}}
    return base | fields


def tool(name: str, **fields: JsonValue) -> Manifest:
    """A tool as a pool's status lists it."""
    base: Manifest = {"name": name, "parameters": {"type": "object"}, "timeout": "30s"}
    return base | fields


def condition(
    type_: str, status: str, reason: str, message: str = "", since: str = "2026-03-01T11:00:00Z"
) -> Manifest:
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
    }


def _manifest(kind: str, name: str, spec: Manifest, status: Manifest | None, metadata: Manifest) -> Manifest:
    base: Manifest = {
        "name": name,
        "namespace": NAMESPACE,
        "uid": f"{kind}-{name}".lower(),
        "resourceVersion": "1",
        "generation": 1,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": base | metadata,
        "spec": spec,
        "status": status or {},
    }
