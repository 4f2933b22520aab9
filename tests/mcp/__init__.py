"""MCP servers as the worker sees them: real ones, one that nobody here wrote among them."""
