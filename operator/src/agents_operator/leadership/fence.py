"""Lets the leader write for as long as its Lease cannot be another's, by this machine's own clock."""

import asyncio
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

LAPSED = "the Lease was not renewed in time and may be another replica's by now"


class NotLeadingError(Exception):
    """A write that is the leader's, in a process that does not lead."""


class Fence:
    """Asked right before every write of the leader's; a leader that may be none any more ends there."""

    def __init__(self, end: Callable[[str], NoReturn], clock: Callable[[], float] = time.monotonic) -> None:
        """`end` is told why, and ends the process at once: nothing may be finished without the Lease."""
        self._end = end
        self._clock = clock
        self._until: float | None = None

    def leads(self) -> bool:
        """Whether this process leads."""
        return self._until is not None

    @property
    def left(self) -> float:
        """Seconds for which the Lease is this process's own, whatever happens."""
        return 0.0 if self._until is None else self._until - self._clock()

    def open(self, until: float) -> None:
        """Let writes pass before that time of the clock."""
        self._until = until

    def close(self) -> None:
        """Let nothing pass: the Lease was given back."""
        self._until = None

    def require(self) -> None:
        """Return if the leader may write now; raise NotLeadingError where there is none."""
        if self._until is None:
            raise NotLeadingError("this replica stands by, and only the one that leads may do that")
        self.check()

    def check(self) -> None:
        """End a process that led and whose time is over."""
        if self._until is not None and self._clock() >= self._until:
            self._end(LAPSED)


class _FencedSelector(selectors.DefaultSelector):
    """Looks at the fence each time that the process has waited, before anything else is done."""

    def __init__(self, fence: Fence) -> None:
        super().__init__()
        self._fence = fence

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait, as all selectors do."""
        ready = super().select(timeout)
        self._fence.check()
        return ready


def fenced_loop(fence: Fence) -> asyncio.AbstractEventLoop:
    """Make an event loop for a process that may be stopped while it waits, and go on after its Lease.

    What has passed the fence may still wait for a connection then: it must not be sent first.
    """
    return asyncio.SelectorEventLoop(_FencedSelector(fence))


class _FencedSocket(socket.socket):
    """Looks at the fence each time that something is to be sent."""

    _fence: Fence

    @classmethod
    def of(cls, fence: Fence, address: tuple[Any, ...]) -> "_FencedSocket":
        """Make one for an address as `socket.getaddrinfo` gives it."""
        made = cls(*address[:3])
        made._fence = fence
        return made

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send, as all sockets do."""
        self._fence.check()
        return super().send(data, flags)

    def sendmsg(self, buffers: Any, /, *further: Any) -> int:
        """Send, as all sockets do."""
        self._fence.check()
        return super().sendmsg(buffers, *further)


def fenced_sockets(fence: Fence) -> Callable[[tuple[Any, ...]], socket.socket]:
    """Make the sockets for a leader's writes.

    A process can be stopped anywhere between the fence and the network, even with half a request sent: what
    is left of it must not follow when the process goes on.
    """
    return partial(_FencedSocket.of, fence)
