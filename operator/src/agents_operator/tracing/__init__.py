"""Traces of AgentRuns: what the operator knows of a run, as spans."""
