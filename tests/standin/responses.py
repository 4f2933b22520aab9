"""Responses that an ordinary server does not give: streams cut short, and none at all."""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.standin.streaming import AnyEvent, to_sse


class CuttableProtocol(H11Protocol):
    """Uvicorn's HTTP protocol, with its transport in the request's state, so that a fault can close it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Keep the transport for this connection's requests."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class NoAnswer(Response):
    """Closes the connection without a byte of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close, and wait until the server has noticed: else it would answer 500 itself."""
        del send
        await _close(scope, receive)


class CutBody(Response):
    """Closes the connection in the middle of a body whose whole length was announced."""

    def __init__(self, content: bytes, status: int, after_bytes: int) -> None:
        super().__init__(content, status, media_type="application/json")
        self._sent = content[:after_bytes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning, and close."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._sent, "more_body": True})
        await _close(scope, receive)


class EventStream(Response):
    """Server-sent events, with the connection closed instead of an end if they are cut."""

    def __init__(self, events: tuple[AnyEvent, ...], *, cut: bool) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self._events = events
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send each event as a chunk, after a comment such as the API keeps connections alive with."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for chunk in (b": ping\n\n", *map(to_sse, self._events)):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if self._cut:
            await _close(scope, receive)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def json_response(content: bytes, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON, as bytes."""
    return Response(content, status, headers, media_type="application/json")


async def _close(scope: Scope, receive: Receive) -> None:
    transport: asyncio.Transport = scope["state"]["transport"]
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        continue
