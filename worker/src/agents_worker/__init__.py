"""Runs agents and their tools. `tool` makes a Python function a tool that agents can call."""

from agents_worker.tools.decorator import tool

__all__ = ["tool"]
