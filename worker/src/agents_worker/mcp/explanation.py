"""What went wrong with a server, in the words of a condition."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

import httpx2
from mcp import MCPError
from pydantic import ValidationError

from agents_crds.contract.mcp import SseTransport, StdioTransport, StreamableHttpTransport, Transport
from agents_crds.v1alpha1.conditions import Reason
from agents_worker.mcp.failed import ServerFailed
from agents_worker.mcp.wire import Wire

_LONGEST_QUOTE = 500
_NAMED_FAULTS = 3
# For an HTTP status without an error in the body, and for a connection that ended. Their codes do not tell:
# servers use the same.
_WORDS_OF_THE_SDK = (
    *("Not Found", "Session terminated", "Server returned an error response"),
    *("Connection closed", "SSE stream ended"),
)


@dataclass(frozen=True)
class Task:
    """What a server was asked for last."""

    doing: str
    """As it goes on behind "did not"."""
    limit: str
    """The time for it."""
    field: str
    """Where that time is set."""


def explain(error: Exception, transport: Transport, wire: Wire, task: Task, *, expired: bool) -> ServerFailed:
    """Find the one cause that a person can act on, among all that a session's end may bring up."""
    leaves = tuple(_leaves(error))
    known = next((leaf for leaf in leaves if isinstance(leaf, ServerFailed)), None)
    if known is not None:
        return known
    if wire.exceeded is not None:
        return _server_error(f"The server sent more than {wire.exceeded}: more is not read in one session")
    # Over SSE a refused message ends nothing, and shows as an answer that does not come.
    if expired and not (isinstance(transport, SseTransport) and wire.status):
        return _timed_out(task)
    status = wire.status or next((leaf.response.status_code for leaf in leaves if _is_refusal(leaf)), None)
    if status in {401, 403} or (status is not None and not any(map(is_of_server, leaves))):
        return _refused(status, transport)
    return _explain_first(leaves, transport, wire, task)


def is_of_server(error: Exception) -> bool:
    """Tell whether this is the server's own answer to a request, in its own words."""
    return isinstance(error, MCPError) and not error.message.startswith(_WORDS_OF_THE_SDK)


def _refused(status: int, transport: Transport) -> ServerFailed:
    if status in {401, 403}:
        return ServerFailed(
            Reason.SERVER_UNAUTHORIZED,
            f"The server answered {status}: check the Secrets that {_field(transport)}.headers and "
            "bearerTokenSecretRef name",
            refused=True,
        )
    return _server_error(
        f"The server answered with HTTP status {status}: check {_field(transport)}.url, and the server's own "
        "log"
    )


def _explain_first(
    leaves: tuple[Exception, ...], transport: Transport, wire: Wire, task: Task
) -> ServerFailed:
    if any(map(_is_timeout, leaves)):
        return _timed_out(task)
    match transport:
        case StdioTransport(command=command):
            return _process_failure(leaves, command, wire)
        case SseTransport() | StreamableHttpTransport():
            for leaf in leaves:
                if isinstance(leaf, httpx2.ConnectError | httpx2.UnsupportedProtocol | httpx2.ProxyError):
                    return ServerFailed(
                        Reason.SERVER_UNREACHABLE,
                        f"The server could not be reached: {_quote(leaf)}: see that it runs, and that "
                        f"{_field(transport)}.url is its address",
                    )
            return _answer_failure(leaves)


def _process_failure(leaves: tuple[Exception, ...], command: str, wire: Wire) -> ServerFailed:
    for leaf in leaves:
        if isinstance(leaf, FileNotFoundError):
            why = "is not in the worker's image: name an image of the WorkerPool that has it"
            return ServerFailed(Reason.COMMAND_FAILED, f"{command} {why}")
        if isinstance(leaf, OSError | ValueError) and not isinstance(leaf, ValidationError):
            return ServerFailed(Reason.COMMAND_FAILED, f"{command} could not be started: {_quote(leaf)}")
    if wire.exit_code is not None:
        how = f"exit code {wire.exit_code}" if wire.exit_code >= 0 else f"signal {-wire.exit_code}"
        return ServerFailed(
            Reason.COMMAND_FAILED,
            f"{command} ended with {how} before it answered: its last words are in the worker's log",
        )
    return _answer_failure(leaves)


def _answer_failure(leaves: tuple[Exception, ...]) -> ServerFailed:
    for leaf in leaves:
        match leaf:
            case MCPError() if is_of_server(leaf):
                return _server_error(f"The server answered with an error: {_quote(leaf)}", refused=True)
            case MCPError():
                return ServerFailed(
                    Reason.SERVER_UNREACHABLE, "The connection to the server was lost: see that it runs"
                )
            case ValidationError():
                return _server_error(f"The server's answer is no MCP: {_faults(leaf)}")
            case httpx2.TransportError():
                return ServerFailed(
                    Reason.SERVER_UNREACHABLE,
                    f"The connection to the server was lost: {_quote(leaf)}: see that it runs",
                )
            case _:
                pass
    return _server_error(f"The session with the server failed: {_quote(leaves[0])}")


def _server_error(message: str, *, refused: bool = False) -> ServerFailed:
    return ServerFailed(Reason.SERVER_ERROR, message, refused=refused)


def _timed_out(task: Task) -> ServerFailed:
    return ServerFailed(
        Reason.SERVER_TIMED_OUT,
        f"The server did not {task.doing} within {task.limit}: see what keeps it, or raise {task.field}",
    )


def _is_refusal(error: Exception) -> TypeGuard[httpx2.HTTPStatusError]:
    return isinstance(error, httpx2.HTTPStatusError)


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, TimeoutError | httpx2.TimeoutException)


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _field(transport: Transport) -> str:
    return f"spec.{transport.type}"


def _quote(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:_LONGEST_QUOTE].strip()


def _faults(error: ValidationError) -> str:
    """Name places and faults; what stood there is the server's own."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults[:_NAMED_FAULTS]
    )[:_LONGEST_QUOTE]
