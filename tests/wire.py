"""A wire between a client and a server that a test can cut: what is sent then arrives when it is mended."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tools.local.ports import HOST

_PIECE = 65_536


class Wire:
    """Leads from a port of its own to a server's port while the block runs."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._whole = threading.Event()
        self._whole.set()
        self._ends: list[socket.socket] = []
        self._listening = socket.create_server((HOST, 0))

    @property
    def port(self) -> int:
        """Where clients connect."""
        return int(self._listening.getsockname()[1])

    def cut(self) -> None:
        """Let nothing through, in no connection, and tell nobody."""
        self._whole.clear()

    def mend(self) -> None:
        """Let everything through again, and first what was held up."""
        self._whole.set()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for end in (self._listening, *self._ends):
            _close(end)
        self.mend()

    def _accept(self) -> None:
        # Closing it makes it end.
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((HOST, self._to))
                self._ends += [client, server]
                self._start(self._carry, client, server)
                self._start(self._carry, server, client)

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while piece := here.recv(_PIECE):
                self._whole.wait()
                there.sendall(piece)
        self._whole.wait()
        _close(here)
        _close(there)

    def _start(self, work: Callable[..., None], *ends: socket.socket) -> None:
        threading.Thread(target=work, args=ends, daemon=True).start()


def _close(end: socket.socket) -> None:
    with suppress(OSError):
        # Unlike close alone, it wakes who waits for it.
        end.shutdown(socket.SHUT_RDWR)
    end.close()
