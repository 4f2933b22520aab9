"""Servers that hang, lie, refuse or send too much: each has its reason, and none a secret in its words."""

import asyncio
import gzip
import json
from collections.abc import Callable

import pytest

from agents_crds.contract.mcp import NamedValue, SseTransport, StreamableHttpTransport
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from tests.mcp.asking import TRACEPARENT, Asking, http, sse
from tests.mcp.web import Answer, Request, Send, refusal, response, result, serving, streamable, tools
from tests.standin.process import free_port

TOKEN = NamedValue(name="Authorization", secret_path="tools/token", prefix="Bearer ")
OBJECT = {"type": "object"}


async def reason_of(asking: Asking, port: int, *headers: NamedValue) -> tuple[Reason, str]:
    with pytest.raises(ServerFailed) as failed:
        await asking.list(http(port, *headers), connect=2)
    return failed.value.reason, failed.value.message


def saying(*raw: bytes) -> Answer:
    async def answer(_: Request, send: Send) -> None:
        for part in raw:
            await send(part)

    return answer


@pytest.mark.parametrize("transport", [http, sse])
async def test_address_where_nobody_listens(
    asking: Asking, transport: Callable[[int], StreamableHttpTransport | SseTransport]
) -> None:
    with pytest.raises(ServerFailed, match=r"could not be reached: .*url is its address") as failed:
        await asking.list(transport(free_port()))
    assert failed.value.reason == Reason.SERVER_UNREACHABLE


async def test_host_that_does_not_exist(asking: Asking) -> None:
    with pytest.raises(ServerFailed, match=r"could not be reached: .*ame or service") as failed:
        await asking.list(StreamableHttpTransport(url="http://nowhere.invalid/mcp"))
    assert failed.value.reason == Reason.SERVER_UNREACHABLE


@pytest.mark.parametrize("transport", [http, sse])
async def test_server_that_hangs(
    asking: Asking, transport: Callable[[int], StreamableHttpTransport | SseTransport]
) -> None:
    async def hang(_: Request, __: Send) -> None:
        await asyncio.Event().wait()

    async with serving(hang) as port, asyncio.timeout(10):
        with pytest.raises(ServerFailed, match=r"did not open a session within 0.5s") as failed:
            await asking.list(transport(port), connect=0.5)
    assert failed.value.reason == Reason.SERVER_TIMED_OUT


async def test_server_that_hangs_in_its_list(asking: Asking) -> None:
    server = streamable({"tools/list": lambda _: b""})
    async with serving(server) as port:
        with pytest.raises(ServerFailed, match="did not list its tools and prompts within 2s"):
            await asking.list(http(port), connect=2)


@pytest.mark.parametrize("transport", [http, sse])
@pytest.mark.parametrize("status", [401, 403])
async def test_server_that_refuses_the_token(
    asking: Asking, status: int, transport: Callable[..., StreamableHttpTransport | SseTransport]
) -> None:
    async with serving(saying(response(status, b'{"error": "Bearer s3cret-t0ken is wrong"}'))) as port:
        with pytest.raises(ServerFailed, match=f"answered {status}: check the Secrets") as failed:
            await asking.list(transport(port, TOKEN))
    assert failed.value.reason == Reason.SERVER_UNAUTHORIZED
    assert "s3cret" not in failed.value.message


@pytest.mark.parametrize("transport", [http, sse])
@pytest.mark.parametrize("status", [404, 500, 503])
async def test_server_that_answers_with_an_http_error(
    asking: Asking, status: int, transport: Callable[[int], StreamableHttpTransport | SseTransport]
) -> None:
    async with serving(saying(response(status, b"<h1>no</h1>", "text/html"))) as port:
        with pytest.raises(ServerFailed, match=f"HTTP status {status}: check spec") as failed:
            await asking.list(transport(port))
    assert failed.value.reason == Reason.SERVER_ERROR


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (response(200, b"<html>welcome</html>", "text/html"), "Unexpected content type: text/html"),
        (response(200, b"{nonsense"), "Failed to parse JSON"),
        (response(200, b"[]"), "Failed to parse JSON"),
        (response(307, b"", "text/plain", "location: http://elsewhere.invalid/"), "elsewhere.invalid"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "connection to the server was lost"),
    ],
    ids=["html", "broken", "list", "elsewhere", "ssh"],
)
async def test_server_that_speaks_no_mcp(asking: Asking, raw: bytes, words: str) -> None:
    async with serving(saying(raw)) as port:
        reason, message = await reason_of(asking, port)
    assert words in message
    assert reason in {Reason.SERVER_ERROR, Reason.SERVER_UNREACHABLE}


async def test_list_that_breaks_the_protocol_names_the_place(asking: Asking) -> None:
    async with serving(streamable({"tools/list": tools({"name": "a", "inputSchema": "text"})})) as port:
        reason, message = await reason_of(asking, port)
    assert reason == Reason.SERVER_ERROR
    assert "is no MCP: tools.0.inputSchema" in message


async def test_tool_that_no_model_could_call_or_no_status_hold_is_left_out(asking: Asking) -> None:
    huge = {"type": "object", "maxProperties": 2**80}
    listed = tools(
        {"name": "good", "inputSchema": OBJECT, "description": "x" * 5000},
        {"name": "huge", "inputSchema": huge},
        {"name": "", "inputSchema": OBJECT},
    )
    async with serving(streamable({"tools/list": listed})) as port:
        [tool] = (await asking.list(http(port))).tools
    assert (tool.name, len(tool.description)) == ("good", 4096)


async def test_token_and_trace_are_sent_and_what_repeats_the_token_is_masked(asking: Asking) -> None:
    seen = list[Request]()

    def echo(request: Request) -> bytes:
        seen.append(request)
        said = request.headers["authorization"]
        return result(request, {"content": [{"type": "text", "text": f"You sent {said}"}]})

    def repeat(request: Request) -> bytes:
        return refusal(request, -32000, f"bad: {request.headers['authorization']}")

    async with serving(streamable({"tools/call": echo, "tools/list": repeat})) as port:
        assert await asking.call(http(port, TOKEN), "echo") == "You sent Bearer [secret]"
        reason, message = await reason_of(asking, port, TOKEN)
    [request] = seen
    assert request.headers["authorization"] == "Bearer s3cret-t0ken"
    assert request.headers["traceparent"] == TRACEPARENT
    assert json.loads(request.body)["params"]["_meta"]["traceparent"] == TRACEPARENT
    assert (reason, message) == (
        Reason.SERVER_ERROR,
        "The server answered with an error: bad: Bearer [secret]",
    )


async def test_result_that_does_not_fit_its_schema_is_not_thrown_away(asking: Asking) -> None:
    listed = list[Request]()

    def note(request: Request) -> bytes:
        listed.append(request)
        return tools({"name": "t", "inputSchema": OBJECT, "outputSchema": OBJECT})(request)

    content = {"content": [{"type": "text", "text": "done"}]}
    server = streamable({"tools/call": lambda request: result(request, content), "tools/list": note})
    async with serving(server) as port:
        assert await asking.call(http(port), "t") == "done"
    assert listed == []


@pytest.mark.parametrize(
    ("header", "reason", "words"),
    [
        (
            NamedValue(name="X", secret_path="tools/gone"),
            Reason.SECRET_NOT_FOUND,
            "Secret tools with the key gone",
        ),
        (NamedValue(name="X", secret_path="../token"), Reason.SECRET_NOT_FOUND, "not a path below"),
        (NamedValue(name="X", secret_path="/etc/passwd"), Reason.SECRET_NOT_FOUND, "not a path below"),
        (NamedValue(name="X", value="a\nb"), Reason.SERVER_ERROR, "which no header can carry"),
    ],
)
async def test_header_that_cannot_be_sent_sends_nothing(
    asking: Asking, header: NamedValue, reason: Reason, words: str
) -> None:
    seen = list[Request]()

    async def note(request: Request, _: Send) -> None:
        seen.append(request)

    async with serving(note) as port:
        found, message = await reason_of(asking, port, header)
    assert found == reason
    assert words in message
    assert seen == []


async def test_answer_without_end_is_given_up(asking: Asking) -> None:
    async def pour(_: Request, send: Send) -> None:
        await send(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\n\r\n")
        while True:
            await send(b" " * 65_536)

    async with serving(pour) as port:
        with pytest.raises(ServerFailed, match="sent more than 4 MB"):
            await asking.list(http(port))


async def test_flood_of_events_is_given_up(asking: Asking) -> None:
    notification = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    event = f"event: message\ndata: {json.dumps(notification)}\n\n".encode()

    async def pour(_: Request, send: Send) -> None:
        await send(b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\n\r\n")
        while True:
            await send(event * 100)

    async with serving(pour) as port:
        with pytest.raises(ServerFailed, match="sent more than 2000 messages"):
            await asking.list(http(port), connect=30)


async def test_compressed_answer_is_not_unpacked(asking: Asking) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    async with serving(saying(response(200, bomb, "application/json", "content-encoding: gzip"))) as port:
        _, message = await reason_of(asking, port)
    assert "compress" in message


async def test_result_with_more_parts_than_can_be_read_is_given_up(asking: Asking) -> None:
    blocks = [{"type": "text", "text": ""}] * 60_000

    def many(request: Request) -> bytes:
        return result(request, {"content": blocks})

    async with serving(streamable({"tools/call": many})) as port:
        text = await asking.call(http(port), "many")
    assert "sent more than 50000 JSON objects and lists" in text


async def test_server_that_asks_for_input_in_a_call_is_told_to_the_model(asking: Asking) -> None:
    def ask(request: Request) -> bytes:
        question = {
            "mode": "form",
            "message": "Sure?",
            "requestedSchema": {"type": "object", "properties": {}},
        }
        params = {"method": "elicitation/create", "params": question}
        return result(
            request, {"resultType": "input_required", "inputRequests": {"a": params}, "requestState": "s"}
        )

    async with serving(streamable({"tools/call": ask})) as port:
        text = await asking.call(http(port), "ask")
    assert text.startswith("server_ask failed: ")


async def test_server_that_hangs_when_a_session_ends_keeps_no_result_back(asking: Asking) -> None:
    def opened(request: Request) -> bytes:
        value = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "serverInfo": {"name": "w", "version": "1"},
        }
        body = json.dumps({"jsonrpc": "2.0", "id": request.id, "result": value}).encode()
        return response(200, body, "application/json", "mcp-session-id: 1")

    content = {"content": [{"type": "text", "text": "done"}]}
    quick = streamable({"initialize": opened, "tools/call": lambda request: result(request, content)})

    async def slow_end(request: Request, send: Send) -> None:
        if request.method == "DELETE":
            await asyncio.Event().wait()
        await quick(request, send)

    async with serving(slow_end) as port, asyncio.timeout(8):
        assert await asking.call(http(port), "t") == "done"
