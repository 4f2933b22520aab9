"""A server on the Python SDK: `python -m tests.mcp.python_server TRANSPORT [PORT] [TOOLS_FILE]`.

It says what it was sent, ends itself, and changes its list when TOOLS_FILE changes.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("python", version="1")


@server.tool()
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
async def meta(context: Context) -> dict[str, str]:
    """Say what came along with the request."""
    return {"traceparent": str((context.request_context.meta or {}).get("traceparent"))}


@server.tool()
async def environment() -> dict[str, str]:
    """Say what the process was given."""
    return dict(os.environ)


@server.tool()
async def fail() -> str:
    """Fail."""
    raise ToolError("no luck today")


@server.tool()
async def sleep(seconds: float) -> str:
    """Wait, and leave a mark when it was allowed to."""
    await asyncio.sleep(seconds)
    return "slept"


@server.tool()
async def die() -> str:
    """End the whole server in the middle of a call."""
    os._exit(3)


@server.tool(name="a" * 100)
async def long_name() -> str:
    """Have a long name."""
    return "long"


@server.tool(name="grüße/welt.v2")
async def odd_name(who: str = "Welt") -> str:
    """Have an odd name: ✓ 漢字."""
    return f"Grüße an {who} 👋"


@server.tool()
async def learn(name: str, context: Context) -> str:
    """Add a tool to the list, and say so."""

    async def learned() -> str:
        return name

    server.add_tool(learned, name=name)
    await context.notify_tools_changed()
    return "learned"


@server.prompt()
async def greet(name: str) -> str:
    """Greet somebody."""
    return f"Greet {name} at {time.time()}"


def main() -> None:
    """Serve over the transport that the first argument names."""
    print("this is no message, but a line that a server may print", flush=True)  # noqa: T201
    if mark := os.environ.get("MARK"):
        Path(mark).write_text(str(os.getpid()))
    match sys.argv[1:]:
        case ["stdio"]:
            server.run("stdio")
        case ["sse", port]:
            server.run("sse", host="127.0.0.1", port=int(port))
        case ["streamable-http", port]:
            server.run("streamable-http", host="127.0.0.1", port=int(port))
        case other:
            raise SystemExit(f"no such transport: {other}")


if __name__ == "__main__":
    main()
