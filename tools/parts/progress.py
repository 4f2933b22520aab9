"""Tells how far something long has got, every few seconds."""

import time
from collections.abc import Callable

from tools.console import Console, elapsed


class Progress:
    """Says `line(elapsed)` at most every `interval` seconds, however often it is ticked."""

    def __init__(self, console: Console, line: Callable[[str], str], *, interval: float = 15) -> None:
        self._console, self._line, self._interval = console, line, interval
        self._began = self._said = time.monotonic()

    def tick(self) -> None:
        """Say how it stands, unless that was said just now."""
        now = time.monotonic()
        if now - self._said >= self._interval:
            self._said = now
            self._console.say(self._line(elapsed(now - self._began)))
