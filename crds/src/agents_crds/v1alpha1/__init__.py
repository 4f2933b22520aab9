"""The kinds of `durable-agents.dev/v1alpha1`, as pydantic models.

Each module is imported when a name of it is asked for: a worker needs few of them, and all take 0.3 s.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents_crds.v1alpha1.agent import Agent, AgentSpec, AgentStatus, RemoteAgent
    from agents_crds.v1alpha1.agentrun import AgentRun, AgentRunSpec, AgentRunStatus
    from agents_crds.v1alpha1.conditions import ConditionType, EventReason, Reason, ScalingReason
    from agents_crds.v1alpha1.mcpserver import MCPServer, MCPServerSpec, MCPServerStatus
    from agents_crds.v1alpha1.meta import (
        API_VERSION,
        GROUP,
        VERSION,
        Condition,
        ObjectMeta,
        Status,
        StoredObject,
    )
    from agents_crds.v1alpha1.modelprovider import ModelProvider, ModelProviderSpec, ModelProviderStatus
    from agents_crds.v1alpha1.temporalconnection import (
        TemporalConnection,
        TemporalConnectionSpec,
        TemporalConnectionStatus,
    )
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
    "ScalingReason",
    "Status",
    "StoredObject",
    "TemporalConnection",
    "TemporalConnectionSpec",
    "TemporalConnectionStatus",
    "ToolDescription",
    "WorkerPool",
    "WorkerPoolSpec",
    "WorkerPoolStatus",
]

# A test holds it together with the two lists above.
_MODULES = {
    "agent": "Agent AgentSpec AgentStatus RemoteAgent",
    "agentrun": "AgentRun AgentRunSpec AgentRunStatus",
    "conditions": "ConditionType EventReason Reason ScalingReason",
    "mcpserver": "MCPServer MCPServerSpec MCPServerStatus",
    "meta": "API_VERSION GROUP VERSION Condition ObjectMeta Status StoredObject",
    "modelprovider": "ModelProvider ModelProviderSpec ModelProviderStatus",
    "temporalconnection": "TemporalConnection TemporalConnectionSpec TemporalConnectionStatus",
    "workerpool": "ToolDescription WorkerPool WorkerPoolSpec WorkerPoolStatus",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

if not TYPE_CHECKING:  # who checks types is to complain of names that are not there

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
