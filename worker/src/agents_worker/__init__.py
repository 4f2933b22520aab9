"""Runs agents and their tools. `tool` makes a Python function a tool that agents can call."""

from agents_crds.contract.run import RunReference
from agents_worker.tools.context import ToolContext
from agents_worker.tools.decorator import tool
from agents_worker.tools.errors import ToolError

__all__ = ["RunReference", "ToolContext", "ToolError", "tool"]
