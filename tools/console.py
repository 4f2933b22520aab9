"""What the commands print: short lines, each with the seconds since the command began."""

import sys
import time
from collections.abc import Callable

from tools.errors import ExpectedError


class Console:
    """Prints lines for a person, with the time since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, line: str) -> None:
        """Print one line at once, also into a pipe."""
        print(f"{time.monotonic() - self._began:6.1f}s  {line}", flush=True)

    def show(self, text: str) -> None:
        """Print output meant to be read as it is."""
        print(text.rstrip("\n"), flush=True)


def elapsed(seconds: float) -> str:
    """Write a duration the short way: `45s`, `2m10s`."""
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60:02d}s"


def exit_code_of(command: Callable[[], None]) -> int:
    """Run `command`: 0, or 1 with the message of an expected failure instead of a stack trace."""
    try:
        command()
    except ExpectedError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        return 130
    return 0
