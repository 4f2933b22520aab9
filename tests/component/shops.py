"""The processes of shop_server, and the MCPServers that lead to them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import JsonValue

from agents_crds.contract.names import mcp_tool_name
from tests.component.tenant import Tenant
from tests.user import manifest
from tools.local.environment import python_environment
from tools.local.ports import HOST, free_ports
from tools.local.probes import listens
from tools.local.processes import Command, Processes, Service
from tools.parts.catalog import ROOT


@dataclass(frozen=True)
class Shop:
    """A server whose tools order things, and an Agent of the same name that may call all of them."""

    name: str
    tenant: Tenant
    processes: Processes
    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])

    def start(self, *tools: str) -> None:
        """Start it with these tools, and return when it serves."""
        arguments = (sys.executable, "-m", "tests.component.shop_server", str(self.port), str(self.folder))
        command = Command(self._process, (*arguments, *tools), python_environment(os.environ, ROOT), ROOT)
        service = Service(command, listens(self.port))
        self.processes.start(command)
        self.processes.wait_ready(service, timeout=20)

    def kill(self) -> None:
        """End it without warning."""
        self.processes.kill(self._process)

    def open(self, *tools: str, **spec: JsonValue) -> None:
        """Start it, and apply its MCPServer and its Agent."""
        self.start(*tools)
        http: JsonValue = {"url": f"http://{HOST}:{self.port}/mcp"}
        self.tenant.apply(
            manifest("MCPServer", self.name, {"streamableHttp": http, "interval": "1s", **spec})
        )
        self.tenant.ready_agent(self.name, tools=[self.offer])

    @property
    def offer(self) -> JsonValue:
        """All its tools, as an Agent has them."""
        return {"mcp": {"serverRef": {"name": self.name}}}

    def tool(self, name: str) -> str:
        """Give a tool's name as the model knows it."""
        return mcp_tool_name(self.name, name)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no call come to an end for the length of the block."""
        (self.folder / "gate").touch()
        try:
            yield
        finally:
            (self.folder / "gate").unlink()

    @property
    def calls(self) -> list[str]:
        """The calls so far: the tool's name and the item of each."""
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    @property
    def _process(self) -> str:
        return f"{self.tenant.namespace}-{self.name}"


class NewShop(Protocol):
    """Describes a shop of a name."""

    def __call__(self, name: str) -> Shop: ...
