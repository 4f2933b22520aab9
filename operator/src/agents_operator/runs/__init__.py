"""AgentRuns: each becomes one Temporal workflow, whose outcome comes back into its status."""
