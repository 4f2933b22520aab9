"""A server that the worker starts, and speaks to over stdin and stdout.

The SDK's own transport reads lines of any length, leaves what a server started itself behind where the server
ends first, and needs a second cancellation to be spared it: none of it will do where servers come from users.
"""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import PIPE, SubprocessStreamProtocol
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from agents_worker.mcp.wire import Item, TooMuchError, Wire

_LONGEST_LINE = 16_000_000
_TAIL = 2_000
_CHUNK = 65_536
# How long a server may take to end by itself, then after SIGTERM.
_GRACE_SECONDS = 1.0
_POLL_SECONDS = 0.01


class Tail:
    """The end of what a process wrote to stderr."""

    def __init__(self) -> None:
        self._kept = b""

    def add(self, data: bytes) -> None:
        """Add to it; the oldest of it goes."""
        self._kept = (self._kept + data)[-_TAIL:]

    def text(self) -> str:
        """Return it as text."""
        return self._kept.decode(errors="replace").strip()


@asynccontextmanager
async def server_process(
    command: Sequence[str], environment: Mapping[str, str], wire: Wire, tail: Tail
) -> AsyncIterator[TransportStreams]:
    """Run a server for the length of the block; none of what it started in its process group is left then.

    It gets `environment`, PATH, HOME and the like, and nothing else of the worker's. Raises OSError when it
    cannot be started.
    """
    loop = asyncio.get_running_loop()
    name, *arguments = command
    # On the worker's own PATH: the one in `environment` is the server's, and must not choose another program.
    program = shutil.which(name)
    if program is None:
        raise FileNotFoundError(name)
    transport, protocol = await loop.subprocess_exec(
        lambda: SubprocessStreamProtocol(limit=_LONGEST_LINE, loop=loop),
        program,
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env={**get_default_environment(), **environment},
        start_new_session=True,
    )
    group = transport.get_pid()
    try:
        stdin = cast("asyncio.StreamWriter", protocol.stdin)
        stdout = cast("asyncio.StreamReader", protocol.stdout)
        stderr = cast("asyncio.StreamReader", protocol.stderr)
        incoming, received = anyio.create_memory_object_stream[Item](0)
        outgoing, to_send = anyio.create_memory_object_stream[SessionMessage](0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, stdout, incoming, wire, transport)
            tasks.start_soon(_write, to_send, stdin, incoming, wire, transport)
            tasks.start_soon(_drain, stderr, tail.add)
            try:
                yield received, outgoing
            finally:
                # Nobody reads any more: neither side may wait for the other to take a message.
                received.close()
                to_send.close()
                with anyio.CancelScope(shield=True):
                    await _end(transport, stdin)
                tasks.cancel_scope.cancel()
    finally:
        # Without a pause, so that no second cancellation can come between.
        _signal(group, signal.SIGKILL)
        with suppress(PermissionError):
            transport.close()
        loop.call_later(_GRACE_SECONDS, _reap, group)


async def _read(
    stdout: asyncio.StreamReader,
    incoming: MemoryObjectSendStream[Item],
    wire: Wire,
    transport: asyncio.SubprocessTransport,
) -> None:
    """Hand on each line that is a message; what a program prints beside is nobody's."""
    ended = (TooMuchError, anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionError)
    with incoming, suppress(*ended):
        while line := await _line(stdout, wire):
            with suppress(ValueError):
                await incoming.send(
                    SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
                )
        await _note_end(transport, wire)
    await _drain(stdout)


async def _line(stdout: asyncio.StreamReader, wire: Wire) -> bytes:
    try:
        line = await stdout.readline()
    except ValueError as error:
        wire.exceeded = f"{_LONGEST_LINE} bytes"
        raise TooMuchError from error
    wire.take(line)
    return line


async def _write(
    to_send: MemoryObjectReceiveStream[SessionMessage],
    stdin: asyncio.StreamWriter,
    incoming: MemoryObjectSendStream[Item],
    wire: Wire,
    transport: asyncio.SubprocessTransport,
) -> None:
    try:
        with to_send:
            async for message in to_send:
                line = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                stdin.write(f"{line}\n".encode())
                await stdin.drain()
    except (ConnectionError, anyio.ClosedResourceError):
        # It reads no more, and so will not answer.
        await _note_end(transport, wire)
        incoming.close()


async def _drain(stream: asyncio.StreamReader, keep: Callable[[bytes], None] | None = None) -> None:
    """Read to the end, so that the process never waits for a reader."""
    while chunk := await stream.read(_CHUNK):
        if keep is not None:
            keep(chunk)


async def _end(transport: asyncio.SubprocessTransport, stdin: asyncio.StreamWriter) -> None:
    """End a server as MCP asks for: close its stdin, wait, SIGTERM, wait; SIGKILL comes after."""
    stdin.close()
    if await _ended(transport):
        return
    _signal(transport.get_pid(), signal.SIGTERM)
    if await _ended(transport):
        return
    _signal(transport.get_pid(), signal.SIGKILL)
    await _ended(transport)


async def _note_end(transport: asyncio.SubprocessTransport, wire: Wire) -> None:
    """Note how the process ended, which is known a little later than that its pipes are closed."""
    await _ended(transport)
    wire.exit_code = transport.get_returncode()


async def _ended(transport: asyncio.SubprocessTransport) -> bool:
    """Wait for the process alone: something it started may hold its pipes open."""
    for _ in range(int(_GRACE_SECONDS / _POLL_SECONDS)):
        if transport.get_returncode() is not None:
            return True
        await asyncio.sleep(_POLL_SECONDS)
    return False


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _reap(group: int) -> None:
    """Take in what the server had started, where this is the container's first process."""
    with suppress(ChildProcessError):
        while os.waitpid(-group, os.WNOHANG) != (0, 0):
            pass
