"""Servers that answer HTTP with whatever a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

Send = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What the worker sent."""

    method: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> int:
        return int(json.loads(self.body)["id"])

    @property
    def rpc(self) -> str:
        """The method of MCP."""
        return str(json.loads(self.body).get("method", "")) if self.body else ""


Answer = Callable[[Request, Send], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[int]:
    """Serve each request by `answer`, which writes the response itself; yields the port."""
    connections = set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)

        async def send(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        try:
            while request := await _request(reader):
                await answer(request, send)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in connections:
            task.cancel()


async def _request(reader: asyncio.StreamReader) -> Request | None:
    if not (line := await reader.readline()):
        return None
    headers = {}
    while header := (await reader.readline()).decode().strip():
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(line.decode().split()[0], headers, body)


def response(status: int, body: bytes, kind: str = "application/json", *more: str) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(body)}", *more]
    return "\r\n".join([*head, "", ""]).encode() + body


def result(request: Request, value: object) -> bytes:
    return response(200, json.dumps({"jsonrpc": "2.0", "id": request.id, "result": value}).encode())


def refusal(request: Request, code: int, message: str) -> bytes:
    error = {"code": code, "message": message}
    return response(200, json.dumps({"jsonrpc": "2.0", "id": request.id, "error": error}).encode())


def streamable(answers: Mapping[str, Callable[[Request], bytes]], capability: str = "tools") -> Answer:
    """Be a server of the handshake era that answers some methods in its own way."""

    async def answer(request: Request, send: Send) -> None:
        if request.rpc in answers:
            await send(answers[request.rpc](request))
        elif request.method != "POST":
            await send(response(405, b""))
        elif request.rpc == "initialize":
            info = {"name": "web", "version": "1"}
            capabilities: dict[str, object] = {capability: {}}
            await send(
                result(
                    request,
                    {"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": info},
                )
            )
        elif request.rpc.startswith("notifications/"):
            await send(response(202, b""))
        else:
            await send(refusal(request, -32601, "Method not found"))

    return answer


def tools(*listed: object) -> Callable[[Request], bytes]:
    return lambda request: result(request, {"tools": listed})
