"""Listening for servers that tell that their lists have changed."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from mcp import Client
from mcp.client.session import IncomingMessage
from mcp_types import PromptListChangedNotification, ToolListChangedNotification
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agents_crds.contract.mcp import DescribeMcpServerInput, McpServerChanged, McpTarget
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from agents_worker.mcp.session import Session, Sessions
from agents_worker.mcp.wire import LISTENING

_log = logging.getLogger("agents_worker.mcp")
_MOST = 100
# Changes come in groups: what follows within this is told together.
_SETTLE_SECONDS = 1.0
# A server that changes all the time is listed anew only so often.
_REST_SECONDS = 5.0
_PING_SECONDS = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

Tell = Callable[[McpServerChanged], Awaitable[None]]


def announces_changes(client: Client) -> bool:
    """Tell whether the server says that it announces changes of its lists."""
    offers = client.server_capabilities
    return any(offer is not None and offer.list_changed for offer in (offers.tools, offers.prompts))


@dataclass
class _Listening:
    target: McpTarget
    change: McpServerChanged
    until: float
    """By the event loop's clock."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def left(self) -> float:
        return self.until - asyncio.get_running_loop().time()

    def end(self, task: "asyncio.Task[None]") -> None:
        """Listen no more; a cancellation alone may get lost in a session that fails in the same moment."""
        self.until = 0
        task.cancel()


class Listeners:
    """A task for each server that is listened to, 100 at most."""

    def __init__(self, sessions: Sessions, tell: Tell) -> None:
        self._sessions = sessions
        self._tell = tell
        self._listening: dict[tuple[str, str], tuple[_Listening, asyncio.Task[None]]] = {}

    def listen(self, question: DescribeMcpServerInput) -> None:
        """Listen for `question.listen` from now on: go on where that server is listened to already."""
        target, key = question.target, (question.namespace, question.target.server)
        until = asyncio.get_running_loop().time() + question.listen.total_seconds()
        match self._listening.get(key):
            case (_Listening(target=known) as listening, task) if known == target and not task.done():
                listening.until = max(listening.until, until)
                return
            case (listening, task):
                listening.end(task)
            case None if len(self._listening) >= _MOST:
                _log.warning("MCPServer %s is not listened to: %d others are", target.server, _MOST)
                return
        change = McpServerChanged(
            namespace=question.namespace, server=target.server, operator_queue=question.operator_queue
        )
        listening = _Listening(target, change, until)
        task = asyncio.create_task(self._listen(listening), name=f"listening to {target.server}")
        self._listening[key] = listening, task
        task.add_done_callback(lambda done: self._forget(key, done))

    async def close(self) -> None:
        """Listen no more."""
        known = list(self._listening.values())
        for listening, task in known:
            listening.end(task)
        await asyncio.gather(*(task for _, task in known), return_exceptions=True)

    def _forget(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        known = self._listening.get(key)
        if known is not None and known[1] is task:
            del self._listening[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("Listening to MCPServer %s failed", key[1], exc_info=error)

    async def _listen(self, listening: _Listening) -> None:
        pause = _FIRST_PAUSE
        while listening.left() > 0:
            began = asyncio.get_running_loop().time()
            try:
                await self._listen_once(listening)
            except ServerFailed:
                # It is logged; and what changed meanwhile, nobody will tell.
                listening.changed.set()
            if asyncio.get_running_loop().time() - began > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            await asyncio.sleep(min(pause * random.uniform(0.5, 1.5), max(0.0, listening.left())))  # noqa: S311
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _listen_once(self, listening: _Listening) -> None:
        async def hear(message: IncomingMessage) -> None:
            if isinstance(message, ToolListChangedNotification | PromptListChangedNotification):
                listening.changed.set()

        async with (
            self._sessions.open(listening.target, LISTENING, hear=hear) as session,
            _events(session, listening) as events,
        ):
            session.wait()
            while (left := listening.left()) > 0:
                if not listening.changed.is_set():
                    await events.wait(min(left, _PING_SECONDS))
                if listening.changed.is_set():
                    await asyncio.sleep(_SETTLE_SECONDS)
                    listening.changed.clear()
                    await self._tell(listening.change)
                    await asyncio.sleep(_REST_SECONDS)


class _Events(Protocol):
    async def wait(self, seconds: float) -> None:
        """Wait so long for a change, and make sure that the server is still there."""


@asynccontextmanager
async def _events(session: Session, listening: _Listening) -> AsyncIterator[_Events]:
    client = session.client
    if client.protocol_version not in MODERN_PROTOCOL_VERSIONS:
        yield _Notifications(session, listening)
        return
    async with client.listen(tools_list_changed=True, prompts_list_changed=True) as subscription:
        yield _Subscription(subscription, listening)


@dataclass
class _Notifications:
    """Up to revision 2025-11-25 of MCP notifications come unasked, on a stream that may break unnoticed."""

    session: Session
    listening: _Listening

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.listening.changed.wait()
        except TimeoutError:
            limit = self.listening.target.connect_timeout
            self.session.ask("answer a ping", limit, "spec.connectTimeout")
            await self.session.client.session.send_ping()
            self.session.wait()


@dataclass
class _Subscription:
    """From revision 2026-07-28 on they are subscribed to, on a stream that lasts."""

    events: AsyncIterator[object]
    listening: _Listening

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await anext(self.events)
        except TimeoutError:
            return
        except StopAsyncIteration:
            raise ServerFailed(Reason.SERVER_UNREACHABLE, "The server ended the subscription") from None
        self.listening.changed.set()
