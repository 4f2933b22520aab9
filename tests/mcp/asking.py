"""What a worker is asked about servers, with short times."""

import json
import sys
from datetime import timedelta
from pathlib import Path

from agents_crds.contract.mcp import (
    DescribeMcpServerInput,
    GetMcpPromptInput,
    McpCatalogue,
    McpServerChanged,
    McpTarget,
    NamedValue,
    SseTransport,
    StdioTransport,
    StreamableHttpTransport,
    Transport,
)
from agents_worker.mcp.work import Servers, servers
from agents_worker.messages import McpToolCall
from tests.mcp.processes import ROOT

TRACEPARENT = f"00-{'a' * 32}-{'b' * 16}-01"


class Asking:
    """A worker's servers, and the changes that it told of."""

    def __init__(self, secrets: Path, commands: tuple[str, ...]) -> None:
        self.told = list[McpServerChanged]()
        self.servers: Servers = servers(secrets, commands, self._tell)

    async def _tell(self, change: McpServerChanged) -> None:
        self.told.append(change)

    async def list(
        self, transport: Transport, *, listen: float = 0, name: str = "server", **limits: float
    ) -> McpCatalogue:
        question = DescribeMcpServerInput(
            target=target(transport, name=name, **limits),
            namespace="ns",
            operator_queue="i/operator",
            listen=timedelta(seconds=listen),
        )
        return await self.servers.describe(question)

    async def call(self, transport: Transport, tool: str, /, **arguments: object) -> str:
        return await self.call_within(transport, tool, 20, **arguments)

    async def call_within(
        self, transport: Transport, tool: str, seconds: float, /, **arguments: object
    ) -> str:
        call = McpToolCall(
            target=target(transport, call=seconds),
            tool=tool,
            name=f"server_{tool}",
            arguments=json.dumps(arguments),
            traceparent=TRACEPARENT,
        )
        return (await self.servers.call_tool(call)).text

    async def prompt(self, transport: Transport, prompt: str, /, **arguments: str) -> str:
        question = GetMcpPromptInput(target=target(transport), prompt=prompt, arguments=arguments)
        return (await self.servers.get_prompt(question)).text


def target(transport: Transport, *, name: str = "server", connect: float = 10, call: float = 20) -> McpTarget:
    return McpTarget(
        server=name,
        transport=transport,
        connect_timeout=timedelta(seconds=connect),
        call_timeout=timedelta(seconds=call),
    )


def python(*arguments: str, **environment: str | NamedValue) -> StdioTransport:
    """Run a module of this repository as a server over stdio."""
    values = {"PYTHONPATH": str(ROOT), **environment}
    env = tuple(
        value if isinstance(value, NamedValue) else NamedValue(name=name, value=value)
        for name, value in values.items()
    )
    return StdioTransport(command=sys.executable, args=("-m", *arguments), env=env)


def http(port: int, *headers: NamedValue) -> StreamableHttpTransport:
    return StreamableHttpTransport(url=f"http://127.0.0.1:{port}/mcp", headers=headers)


def sse(port: int, *headers: NamedValue) -> SseTransport:
    return SseTransport(url=f"http://127.0.0.1:{port}/sse", headers=headers)
