"""A server with many tools, 50 a page: `python -m tests.mcp.many_tools COUNT [loop|endless|large|twice]`."""

import asyncio
import sys

from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp_types import ListToolsResult, PaginatedRequestParams, Tool

_PAGE = 50


async def list_tools(
    _: ServerRequestContext[object], request: PaginatedRequestParams | None
) -> ListToolsResult:
    """List one page."""
    start = int(request.cursor) if request and request.cursor else 0
    match sys.argv[2:]:
        case ["loop"]:
            return ListToolsResult(tools=[], next_cursor="7")
        case ["endless"]:
            return ListToolsResult(tools=[], next_cursor=str(start + 1))
        case ["large"]:
            big = {"type": "object", "description": "x" * 10_000}
            return ListToolsResult(tools=[Tool(name=f"tool_{i}", input_schema=big) for i in range(100)])
        case ["twice"]:
            return ListToolsResult(
                tools=[Tool(name=name, input_schema={"type": "object"}) for name in ("a", "a", "b" * 257)]
            )
        case _:
            pass
    end = min(start + _PAGE, int(sys.argv[1]))
    tools = [Tool(name=f"tool_{i}", input_schema={"type": "object"}) for i in range(start, end)]
    return ListToolsResult(tools=tools, next_cursor=str(end) if end < int(sys.argv[1]) else None)


async def main() -> None:
    """Serve over stdio."""
    server = Server("many", on_list_tools=list_tools)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())
