"""The operator: keeps Agents in step on Mistral's side and turns AgentRuns into Temporal workflows.

Every kind goes down the same hallway: `engine` watches and queues, then observe → plan → apply → status in
the kind's own folder (`agents`, `providers`, `pools`, `runs`). `kubernetes`, `mistral` and `temporal` are the
adapters.
"""
