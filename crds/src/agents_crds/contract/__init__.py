"""What operator and worker say to each other through Temporal, under one number.

A change that an older worker could not follow gets a new CONTRACT; the operator speaks it and the one before.
"""

CONTRACT = 2
OLDEST_CONTRACT = CONTRACT - 1
"""The oldest that the operator speaks."""

SECOND_CONTRACT = 2
"""The first whose workers know more than text and functions: output schemas, budgets, MCP servers, handoffs,
messages, and what the provider's own tools made."""
