"""The kinds of `durable-agents.dev/v1alpha1`, as pydantic models."""

from agents_crds.v1alpha1.agent import Agent, AgentSpec, AgentStatus, RemoteAgent
from agents_crds.v1alpha1.agentrun import AgentRun, AgentRunSpec, AgentRunStatus
from agents_crds.v1alpha1.conditions import ConditionType, EventReason, Reason
from agents_crds.v1alpha1.mcpserver import MCPServer, MCPServerSpec, MCPServerStatus
from agents_crds.v1alpha1.meta import API_VERSION, GROUP, VERSION, Condition, ObjectMeta, Status, StoredObject
from agents_crds.v1alpha1.modelprovider import ModelProvider, ModelProviderSpec, ModelProviderStatus
from agents_crds.v1alpha1.workerpool import ToolDescription, WorkerPool, WorkerPoolSpec, WorkerPoolStatus

__all__ = [
    "API_VERSION",
    "GROUP",
    "VERSION",
    "Agent",
    "AgentRun",
    "AgentRunSpec",
    "AgentRunStatus",
    "AgentSpec",
    "AgentStatus",
    "Condition",
    "ConditionType",
    "EventReason",
    "MCPServer",
    "MCPServerSpec",
    "MCPServerStatus",
    "ModelProvider",
    "ModelProviderSpec",
    "ModelProviderStatus",
    "ObjectMeta",
    "Reason",
    "RemoteAgent",
    "Status",
    "StoredObject",
    "ToolDescription",
    "WorkerPool",
    "WorkerPoolSpec",
    "WorkerPoolStatus",
]
