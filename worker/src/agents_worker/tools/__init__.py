"""Python functions as tools: how they are marked, described, found and called."""
