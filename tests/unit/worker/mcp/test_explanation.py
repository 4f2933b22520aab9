import httpx2
import pytest
from mcp import MCPError
from mcp_types import CONNECTION_CLOSED

from agents_crds.contract.mcp import SseTransport, StdioTransport, StreamableHttpTransport, Transport
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.explanation import Task, explain
from agents_worker.mcp.failed import ServerFailed
from agents_worker.mcp.wire import CALL, Wire

HTTP = StreamableHttpTransport(url="http://tools/mcp")
SSE = SseTransport(url="http://tools/sse")
STDIO = StdioTransport(command="npx")
TASK = Task("open a session", "10s", "spec.connectTimeout")


def explained(
    error: Exception, transport: Transport = HTTP, *, status: int | None = None, expired: bool = False
) -> ServerFailed:
    wire = Wire(CALL)
    wire.status = status
    return explain(error, transport, wire, TASK, expired=expired)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx2.ConnectError("refused"), Reason.SERVER_UNREACHABLE),
        (httpx2.ReadError("reset"), Reason.SERVER_UNREACHABLE),
        (httpx2.ConnectTimeout("slow"), Reason.SERVER_TIMED_OUT),
        (TimeoutError(), Reason.SERVER_TIMED_OUT),
        (MCPError(CONNECTION_CLOSED, "Connection closed"), Reason.SERVER_UNREACHABLE),
        (MCPError(CONNECTION_CLOSED, "No valid session"), Reason.SERVER_ERROR),
        (MCPError(-32603, "boom"), Reason.SERVER_ERROR),
        (RuntimeError("what nobody foresaw"), Reason.SERVER_ERROR),
    ],
)
def test_each_failure_has_its_reason_also_in_groups(error: Exception, reason: Reason) -> None:
    assert explained(error).reason == reason
    assert explained(ExceptionGroup("a", [ExceptionGroup("b", [error])])).reason == reason


@pytest.mark.parametrize("status", [401, 403])
def test_refused_headers_are_told_whatever_else_went_wrong(status: int) -> None:
    failed = explained(MCPError(-32603, "Server returned an error response"), status=status)
    assert failed.reason == Reason.SERVER_UNAUTHORIZED
    assert "spec.streamableHttp.headers" in failed.message


def test_words_of_the_server_come_before_its_status() -> None:
    failed = explained(MCPError(-32602, "Prompt nope not found"), status=400)
    assert (failed.message, failed.refused) == (
        "The server answered with an error: Prompt nope not found",
        True,
    )


def test_status_is_told_where_the_server_has_no_words() -> None:
    failed = explained(MCPError(-32601, "Not Found"), status=404)
    assert "HTTP status 404: check spec.streamableHttp.url" in failed.message


def test_late_answer_says_what_was_waited_for_and_how_long() -> None:
    failed = explained(TimeoutError(), expired=True)
    assert failed.message == (
        "The server did not open a session within 10s: see what keeps it, or raise spec.connectTimeout"
    )


def test_message_that_was_refused_over_sse_explains_why_no_answer_came() -> None:
    assert "HTTP status 500" in explained(TimeoutError(), SSE, status=500, expired=True).message
    assert explained(TimeoutError(), HTTP, status=500, expired=True).reason == Reason.SERVER_TIMED_OUT


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file"), "npx is not in the worker's image"),
        (PermissionError(13, "Permission denied"), "npx could not be started: .*Permission denied"),
    ],
)
def test_command_that_cannot_be_started_is_named(error: Exception, words: str) -> None:
    with pytest.raises(ServerFailed, match=words) as failed:
        raise explained(error, STDIO)
    assert failed.value.reason == Reason.COMMAND_FAILED
