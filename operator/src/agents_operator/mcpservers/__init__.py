"""MCPServers: what they offer, as workers of their pools learn it.

The operator itself never speaks to one.
"""
