"""MCP servers: sessions with them, what they list, what their tools and prompts return.

The MCP SDK takes 23 MB and a second to load: `mcp.work` is imported when the first server is used, and
`mcp.failed` and `mcp.given` do without it.
"""
