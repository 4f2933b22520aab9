"""Runs agents and their tools.

`tool` makes a Python function a tool that agents can call; `run_agent` runs an agent from a workflow.
"""

from agents_crds.contract.run import RunReference
from agents_worker.child import AgentFailedError, AgentResult, RunningAgent, run_agent, start_agent
from agents_worker.connecting import connect, data_converter
from agents_worker.tools.context import ToolContext
from agents_worker.tools.decorator import tool
from agents_worker.tools.errors import ToolError

__all__ = [
    "AgentFailedError",
    "AgentResult",
    "RunReference",
    "RunningAgent",
    "ToolContext",
    "ToolError",
    "connect",
    "data_converter",
    "run_agent",
    "start_agent",
    "tool",
]
