"""An MCP server on the Python `mcp` package: `python -m tests.component.shop_server PORT FOLDER TOOL...`.

Each call of a tool leaves a line in FOLDER/calls, and then waits while FOLDER/gate is there.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp.server.mcpserver import MCPServer

FLOOD = 20_000_000


def order(tool: str, folder: Path) -> Callable[[str], Awaitable[str]]:
    """Make the function of one tool; the one named `flood` says more than anybody wants to know."""

    async def ordered(item: str) -> str:
        """Order an item, which must not happen twice."""
        with (folder / "calls").open("a") as calls:
            calls.write(f"{tool} {item}\n")
        while (folder / "gate").exists():  # noqa: ASYNC110 -- a file has no events
            await asyncio.sleep(0.05)
        return "!" * FLOOD if tool == "flood" else f"ordered {item}"

    return ordered


def main() -> None:
    """Serve until killed."""
    port, folder, *tools = sys.argv[1:]
    server = MCPServer("shop")
    for tool in tools:
        server.add_tool(order(tool, Path(folder)), name=tool)
    server.run("streamable-http", host="127.0.0.1", port=int(port))


if __name__ == "__main__":
    main()
