"""Agents: each kept in step with its counterpart on Mistral's side."""

from agents_operator.agents.reconcile import AgentReconciler

__all__ = ["AgentReconciler"]
