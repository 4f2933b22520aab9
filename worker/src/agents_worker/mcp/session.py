"""Sessions with MCP servers: one for each call, closed with it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import httpx2
from mcp import Client
from mcp.client._transport import TransportStreams
from mcp.client.session import MessageHandlerFnT
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import Implementation

from agents_crds.contract.mcp import McpTarget, SseTransport, StdioTransport, StreamableHttpTransport
from agents_crds.v1alpha1.conditions import Reason
from agents_crds.v1alpha1.fields import format_duration
from agents_worker.mcp.explanation import Task, explain
from agents_worker.mcp.failed import ServerFailed
from agents_worker.mcp.given import Given, read_environment, read_headers
from agents_worker.mcp.process import Tail, server_process
from agents_worker.mcp.wire import Bounds, Metered, Wire

_log = logging.getLogger("agents_worker.mcp")
_NAME = "durable-agents"
_CLOSE_SECONDS = 3.0
_OPENING = "open a session"


@dataclass
class Session:
    """An open session."""

    client: Client
    given: Given
    task: Task
    clock: asyncio.Timeout
    answered: bool = False

    def ask(self, doing: str, limit: timedelta, field: str) -> None:
        """Give the server so long for what comes next; `doing` goes on behind "did not"."""
        self.task = Task(doing, format_duration(limit), field)
        self.clock.reschedule(asyncio.get_running_loop().time() + limit.total_seconds())

    def wait(self) -> None:
        """Let what comes next take as long as it takes."""
        self.clock.reschedule(None)


class Sessions:
    """Opens sessions as this worker may: with its Secrets, and with the commands that its pool allows."""

    def __init__(self, secrets_dir: Path, stdio_commands: Collection[str]) -> None:
        self._secrets_dir = secrets_dir
        self._stdio_commands = stdio_commands
        # It takes 30 ms to make one.
        self._tls = httpx2.create_ssl_context()
        self._client_info = Implementation(name=_NAME, version=version("durable-agents-worker"))

    @asynccontextmanager
    async def open(
        self,
        target: McpTarget,
        bounds: Bounds,
        *,
        traceparent: str = "",
        hear: MessageHandlerFnT | None = None,
    ) -> AsyncIterator[Session]:
        """Open a session for the length of the block.

        Whatever fails, in the block too, is raised as ServerFailed; but not what fails after the block, since
        the server has done by then what it was asked for.
        """
        given, wire, tail = await asyncio.to_thread(self._given, target), Wire(bounds), Tail()
        clock = asyncio.timeout(target.connect_timeout.total_seconds())
        task = Task(_OPENING, format_duration(target.connect_timeout), "spec.connectTimeout")
        session: Session | None = None
        try:
            async with (
                clock,
                self._transport(target, given, wire, tail, traceparent) as transport,
                Client(
                    Metered(transport, wire),
                    cache=None,
                    client_info=self._client_info,
                    message_handler=hear,
                ) as client,
            ):
                session = Session(client, given, task, clock)
                yield session
                session.answered = True
                clock.reschedule(asyncio.get_running_loop().time() + _CLOSE_SECONDS)
        # Servers can fail in any way, and each of them has its words.
        except Exception as error:  # noqa: BLE001
            if session is not None and session.answered:
                _log.info("The session with MCPServer %s did not end in order", target.server)
                return
            last = session.task if session else task
            failed = explain(error, target.transport, wire, last, expired=clock.expired())
            masked = ServerFailed(failed.reason, given.mask(failed.message), refused=failed.refused)
            _tell(target, masked, tail, given)
            raise masked from None

    def _given(self, target: McpTarget) -> Given:
        match target.transport:
            case StdioTransport(command=command, env=env):
                if command not in self._stdio_commands:
                    raise ServerFailed(
                        Reason.COMMAND_NOT_ALLOWED,
                        f"The WorkerPool does not allow {command}: add it to its spec.stdio.allowedCommands",
                    )
                return read_environment(env, self._secrets_dir)
            case SseTransport(headers=headers) | StreamableHttpTransport(headers=headers):
                return read_headers(headers, self._secrets_dir)

    @asynccontextmanager
    async def _transport(
        self, target: McpTarget, given: Given, wire: Wire, tail: Tail, traceparent: str
    ) -> AsyncIterator[AbstractAsyncContextManager[TransportStreams]]:
        match target.transport:
            case StdioTransport(command=command, args=args):
                yield server_process((command, *args), given.values, wire, tail)
            case SseTransport(url=url):
                http = self._http(target, given, wire, traceparent)
                # What the SDK would have of it is in it already.
                ready = lambda headers=None, timeout=None, auth=None: http  # noqa: ARG005, E731
                yield sse_client(url, httpx_client_factory=ready)
            case StreamableHttpTransport(url=url):
                async with self._http(target, given, wire, traceparent) as http:
                    yield streamable_http_client(url, http_client=http, max_sse_event_size=wire.bounds.size)

    def _http(self, target: McpTarget, given: Given, wire: Wire, traceparent: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            headers={
                "accept-encoding": "identity",
                **({"traceparent": traceparent} if traceparent else {}),
                **given.values,
            },
            # The session's clock is what ends a request that takes too long.
            timeout=httpx2.Timeout(None, connect=target.connect_timeout.total_seconds()),
            verify=self._tls,
            event_hooks={"request": [wire.before], "response": [wire.after]},
        )


def _tell(target: McpTarget, failed: ServerFailed, tail: Tail, given: Given) -> None:
    """Log a failure; what a server wrote to stderr stays in the log of its pool."""
    words = tail.text() if failed.reason == Reason.COMMAND_FAILED else ""
    _log.warning(
        "MCPServer %s: %s: %s%s",
        target.server,
        failed.reason,
        failed.message,
        f"; it wrote: {given.mask(words)}" if words else "",
    )
