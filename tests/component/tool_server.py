"""An MCP server on the Python `mcp` package: a process that tests start, hold, change and kill.

With a port it serves streamable HTTP at `/mcp` and SSE at `/sse`, without one stdin and stdout.
"""

import argparse
import asyncio
from pathlib import Path

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.shared.subscriptions import ToolsListChanged
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

CONTROL = "/control/"


class Guarded:
    """Lets in who has the token, and lets everybody wait while a file is there."""

    def __init__(self, app: ASGIApp, token: str, gate: Path | None) -> None:
        self._app = app
        self._token = token
        self._gate = gate
        self.waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        if self._token and Request(scope).headers.get("authorization") != f"Bearer {self._token}":
            await Response(status_code=401)(scope, receive, send)
            return
        self.waiting += 1
        while self._gate is not None and self._gate.exists():  # noqa: ASYNC110 -- a file has no events
            await asyncio.sleep(0.05)
        self.waiting -= 1
        await self._app(scope, receive, send)


def echo(text: str) -> str:
    """Say it again."""
    return text


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int, nargs="?")
    parser.add_argument("--tools", type=int, default=1)
    parser.add_argument("--token", default="")
    parser.add_argument("--guide", default="You are a guide of {city}.")
    parser.add_argument("--gate", type=Path)
    given = parser.parse_args()
    text: str = given.guide
    bus = InMemorySubscriptionBus()
    server = MCPServer("toolbox", version="1.0", subscriptions=bus)
    server.add_tool(echo, name="echo")
    for number in range(1, given.tools):
        server.add_tool(echo, name=f"echo-{number}")

    def guide(city: str) -> str:
        """How to be a guide."""
        return text.format(city=city)

    server.prompt()(guide)
    if given.port is None:
        server.run("stdio")
        return

    async def add(request: Request) -> Response:
        server.add_tool(echo, name=request.path_params["name"])
        await bus.publish(ToolsListChanged())
        return Response()

    app: Starlette = server.streamable_http_app()
    app.routes.extend(server.sse_app().routes)
    app.routes.append(Route(f"{CONTROL}add/{{name}}", add, methods=["POST"]))
    guarded = Guarded(app, given.token, given.gate)
    app.routes.append(Route(f"{CONTROL}waiting", lambda _: Response(str(guarded.waiting))))
    uvicorn.run(guarded, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
