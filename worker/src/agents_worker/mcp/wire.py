"""What comes in from a server during one session: bounded, and what of it explains a failure."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import anyio
import httpx2
from mcp.client._transport import ReadStream, TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

Item = SessionMessage | Exception

# Each of them is answered, so that a server that does not read would pile up answers.
_REQUESTS = 1_000
_CLOSE_SECONDS = 2.0
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Bounds:
    """The most that a server may send in one session; beyond it the session is given up."""

    size: int
    """Bytes."""
    parts: int
    """JSON objects and lists: small ones cost a hundred times their size, and the loop a second."""
    messages: int
    """Each takes a fraction of a millisecond, notifications too."""


LISTING = Bounds(size=4 * _MEGABYTE, parts=50_000, messages=2_000)
CALL = Bounds(size=16 * _MEGABYTE, parts=50_000, messages=50_000)
LISTENING = Bounds(size=4 * _MEGABYTE, parts=50_000, messages=10_000)


class TooMuchError(Exception):
    """The server sent more than the bounds allow."""


class Wire:
    """Counts what a server sends, and keeps what else explains a failure."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._size = self._parts = self._messages = self._requests = 0
        self.status: int | None = None
        """Of the last message that was sent over HTTP, where it was refused."""
        self.exceeded: str | None = None
        """What the server sent too much of."""
        self.exit_code: int | None = None
        """Of the server's process, when it ended by itself."""

    def take(self, data: bytes) -> None:
        """Count what was received; raises TooMuchError."""
        self._size += len(data)
        self._parts += data.count(b"{") + data.count(b"[")
        if self._size > self.bounds.size:
            self.exceeded = f"{self.bounds.size // _MEGABYTE} MB"
        if self._parts > self.bounds.parts:
            self.exceeded = f"{self.bounds.parts} JSON objects and lists"
        if self.exceeded is not None:
            raise TooMuchError

    def accepts(self, item: Item) -> bool:
        """Count a message, and tell whether there may be that many."""
        self._messages += 1
        if isinstance(item, SessionMessage) and isinstance(item.message, JSONRPCRequest):
            self._requests += 1
        if self._messages > self.bounds.messages:
            self.exceeded = f"{self.bounds.messages} messages"
        if self._requests > _REQUESTS:
            self.exceeded = f"{_REQUESTS} requests of its own"
        return self.exceeded is None

    async def before(self, request: httpx2.Request) -> None:
        """Take no longer over the end of a session than is worth it."""
        if request.method == "DELETE":
            request.extensions["timeout"] = dict.fromkeys(
                ("connect", "read", "write", "pool"), _CLOSE_SECONDS
            )

    async def after(self, response: httpx2.Response) -> None:
        """Note a refusal, and count the body while it is read."""
        # Not every server has the stream that GET asks for, nor sessions to DELETE.
        if response.request.method == "POST":
            self.status = response.status_code if response.is_error else None
        if response.headers.get("content-encoding", "identity") != "identity":
            # It was not asked for, and a few bytes may unpack to more than fits into memory.
            self.exceeded = "was asked for, by compression,"
            raise TooMuchError
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream, self)


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._wire.take(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class Metered:
    """A transport whose messages are counted; it ends where they are too many."""

    def __init__(self, transport: AbstractAsyncContextManager[TransportStreams], wire: Wire) -> None:
        self._transport = transport
        self._wire = wire

    async def __aenter__(self) -> TransportStreams:
        incoming, outgoing = await self._transport.__aenter__()
        return _Incoming(incoming, self._wire), outgoing

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._transport.__aexit__(kind, error, trace)


class _Incoming:
    def __init__(self, stream: ReadStream[Item], wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    @property
    def last_context(self) -> Context | None:
        """Context of the task that asked for the message; the SDK looks for it under this name."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Item:
        item = await self._stream.receive()
        if not self._wire.accepts(item):
            raise anyio.EndOfStream
        return item

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
