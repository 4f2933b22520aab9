"""The processes of MCP servers that tests start, and the MCPServers that lead to them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx2
from pydantic import JsonValue

from tests.user import Manifest, manifest
from tools.local.environment import python_environment
from tools.local.ports import HOST, free_ports
from tools.local.probes import answers
from tools.local.processes import Command, Processes, Service
from tools.parts.catalog import ROOT

PROGRAM = ROOT / "tests" / "component" / "tool_server.py"
COMMAND = sys.executable
# The program's own folder has modules that are named like those of the standard library.
ARGUMENTS = ("-P", str(PROGRAM))


@dataclass(frozen=True)
class ToolServer:
    """An MCP server's process."""

    name: str
    processes: Processes
    flags: tuple[str, ...] = ()
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def gate(self) -> Path:
        """While this file is there, it answers nobody."""
        return self.processes.log(self.name).with_suffix(".gate")

    def start(self) -> None:
        """Start it, and return when it serves."""
        arguments = (COMMAND, *ARGUMENTS, str(self.port), "--gate", str(self.gate), *self.flags)
        service = Service(
            Command(self.name, arguments, python_environment({}, ROOT), ROOT, ""),
            answers(self._url("control/waiting")),
        )
        self.processes.start(service.command)
        self.processes.wait_ready(service, timeout=15)

    def kill(self) -> None:
        """End it without warning."""
        self.processes.kill(self.name)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let it answer nobody for the length of the block."""
        self.gate.touch()
        try:
            yield
        finally:
            self.gate.unlink()

    def is_asked(self) -> bool:
        """Tell whether somebody waits while it is held."""
        return int(httpx2.get(self._url("control/waiting")).raise_for_status().text) > 0

    def add_tool(self, name: str) -> None:
        """Let it offer one more tool, and tell who listens."""
        httpx2.post(self._url(f"control/add/{name}")).raise_for_status()

    def manifest(self, *, transport: str = "streamableHttp", **spec: JsonValue) -> Manifest:
        """Write the MCPServer that leads to it."""
        path = "sse" if transport == "sse" else "mcp"
        http: Manifest = {"url": self._url(path)}
        if "bearerTokenSecretRef" in spec:
            http["bearerTokenSecretRef"] = spec.pop("bearerTokenSecretRef")
        return manifest("MCPServer", self.name, {transport: http, **spec})

    def _url(self, path: str) -> str:
        return f"http://{HOST}:{self.port}/{path}"


class NewServer(Protocol):
    """Describes an MCP server of a name, whose process gets these flags."""

    def __call__(self, name: str, *flags: str) -> ToolServer: ...


def stdio_manifest(name: str, *flags: str, **spec: JsonValue) -> Manifest:
    """Write an MCPServer that the worker starts."""
    stdio: JsonValue = {"command": COMMAND, "args": [*ARGUMENTS, *flags]}
    return manifest("MCPServer", name, {"stdio": stdio, "connectTimeout": "20s", **spec})
