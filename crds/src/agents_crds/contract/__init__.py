"""What operator and worker say to each other through Temporal, under one number.

A change that an older worker could not follow gets a new CONTRACT; the operator speaks it and the one before.
"""

CONTRACT = 2
OLDEST_CONTRACT = CONTRACT - 1
"""The oldest that the operator speaks."""

LIMITS_CONTRACT = 2
"""The first whose workers check answers against a schema and keep to `maxTotalTokens`."""
