"""The kinds the operator reads and writes as models, and where the API server keeps them."""

import re
from dataclasses import dataclass
from typing import Generic, TypeVar

from agents_crds.v1alpha1 import (
    API_VERSION,
    Agent,
    AgentRun,
    MCPServer,
    ModelProvider,
    StoredObject,
    TemporalConnection,
    WorkerPool,
)

M = TypeVar("M", bound=StoredObject)


@dataclass(frozen=True)
class Resource(Generic[M]):
    """A kind of this project's group."""

    model: type[M]
    plural: str
    kind: str

    def path(self, namespace: str, name: str = "") -> str:
        """Path of a namespace's objects, or of one of them, below the server's address."""
        collection = f"apis/{API_VERSION}/namespaces/{namespace}/{self.plural}"
        return f"{collection}/{name}" if name else collection

    @property
    def everywhere(self) -> str:
        """Path of the objects of all namespaces."""
        return f"apis/{API_VERSION}/{self.plural}"


AGENTS = Resource(Agent, "agents", "Agent")
AGENT_RUNS = Resource(AgentRun, "agentruns", "AgentRun")
MODEL_PROVIDERS = Resource(ModelProvider, "modelproviders", "ModelProvider")
MCP_SERVERS = Resource(MCPServer, "mcpservers", "MCPServer")
TEMPORAL_CONNECTIONS = Resource(TemporalConnection, "temporalconnections", "TemporalConnection")
WORKER_POOLS = Resource(WorkerPool, "workerpools", "WorkerPool")

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def is_name(text: str) -> bool:
    """Tell whether an object or a namespace can be of that name, and the path of no other object."""
    return _NAME.fullmatch(text) is not None


UNFINISHED = "status.finished!=true"
"""Selects the AgentRuns that have no outcome yet; those that nobody has looked at are among them."""
