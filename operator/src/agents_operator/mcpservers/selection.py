"""Which tools of an MCPServer an Agent uses; pure."""

from agents_crds.v1alpha1 import MCPServer
from agents_crds.v1alpha1.mcpserver import ListedTool
from agents_crds.v1alpha1.tools import McpTools


def selected_tools(wanted: McpTools, server: MCPServer) -> tuple[ListedTool, ...]:
    """Return the tools that were last listed and are wanted, in the server's order."""
    excluded = wanted.exclude or ()
    return tuple(
        tool
        for tool in server.status.tools
        if tool.name not in excluded and (wanted.include is None or tool.name in wanted.include)
    )
