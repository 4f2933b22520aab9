"""Servers that tell that their lists have changed."""

import asyncio
import json
from pathlib import Path

from agents_crds.contract.mcp import McpServerChanged, Transport
from tests.mcp.asking import Asking, http, python
from tests.mcp.processes import Restartable
from tests.mcp.web import Request, Send, response, result, serving, streamable, tools

CHANGED = McpServerChanged(namespace="ns", server="server", operator_queue="i/operator")


async def told(asking: Asking, times: int) -> None:
    async with asyncio.timeout(20):
        while len(asking.told) < times:  # noqa: ASYNC110  # another process tells
            await asyncio.sleep(0.05)


async def test_change_reaches_who_listens_once_however_many_come_together(
    asking: Asking, restartable: tuple[Restartable, Transport]
) -> None:
    _, address = restartable
    before = await asking.list(address, listen=60)
    await asking.list(address, listen=60)
    # The listening session is opened after the list was taken.
    await asyncio.sleep(1)
    for name in ("one", "two", "three"):
        assert await asking.call(address, "learn", name=name) == "learned"
    await told(asking, 1)
    assert asking.told == [CHANGED]
    after = await asking.list(address, listen=60)
    assert {tool.name for tool in after.tools} - {tool.name for tool in before.tools} == {
        "one",
        "two",
        "three",
    }


async def test_server_that_was_away_is_told_of_once_it_is_back(asking: Asking) -> None:
    server = Restartable("streamable-http")
    server.start()
    try:
        await asking.list(http(server.port), listen=60)
        await asyncio.sleep(1)
        server.kill()
        await asyncio.sleep(1)
        assert asking.told == []
        server.start()
        await told(asking, 1)
    finally:
        server.kill()


async def test_server_of_the_handshake_era_tells_on_its_own_stream(asking: Asking) -> None:
    change = asyncio.Event()

    def opened(request: Request) -> bytes:
        value = {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "old", "version": "1"},
        }
        body = json.dumps({"jsonrpc": "2.0", "id": request.id, "result": value}).encode()
        return response(200, body, "application/json", "mcp-session-id: 1")

    posts = streamable({"initialize": opened, "tools/list": tools()})

    async def answer(request: Request, send: Send) -> None:
        if request.method != "GET":
            await posts(request, send)
            return
        await send(b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\n\r\n")
        await change.wait()
        message = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
        await send(f"event: message\ndata: {json.dumps(message)}\n\n".encode())
        await asyncio.Event().wait()

    async with serving(answer) as port:
        await asking.list(http(port), listen=60)
        await asyncio.sleep(0.3)
        assert asking.told == []
        change.set()
        await told(asking, 1)
        assert asking.told == [CHANGED]


async def test_listening_ends_in_time_and_when_the_worker_stops(asking: Asking) -> None:
    gone = list[str]()

    def opened(request: Request) -> bytes:
        value = {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "old", "version": "1"},
        }
        body = json.dumps({"jsonrpc": "2.0", "id": request.id, "result": value}).encode()
        return response(200, body, "application/json", f"mcp-session-id: {len(gone)}")

    posts = streamable({"initialize": opened, "tools/list": lambda request: result(request, {"tools": []})})

    async def answer(request: Request, send: Send) -> None:
        if request.method == "DELETE":
            gone.append(request.headers["mcp-session-id"])
        await posts(request, send)

    async with serving(answer) as port:
        await asking.list(http(port), listen=1)
        assert len(gone) == 1
        await asyncio.sleep(1.5)
        assert len(gone) == 2
        await asking.list(http(port), listen=60)
        await asyncio.sleep(0.3)
        await asking.servers.close()
        assert len(gone) == 4
    assert asking.told == []


async def test_process_is_not_listened_to(asking: Asking, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    await asking.list(python("tests.mcp.python_server", "stdio", MARK=str(mark)), listen=60)
    first = mark.read_text()
    await asyncio.sleep(1)
    assert mark.read_text() == first
