"""Ends process groups when the process that started them is gone, however it ended.

`python -m tools.local.tether` reads `+pid` and `-pid` lines from standard input. When the other end closes
(the kernel closes it even after SIGKILL), it kills every group still named. Unlike a parent-death signal it
works on every platform and does not fire when only a thread of the parent ends.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable


class Tether:
    """Ties process groups to the life of this process."""

    def __init__(self) -> None:
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True, text=True
        )

    def tie(self, group: int) -> None:
        """Have `group` killed when this process ends."""
        self._tell(f"+{group}\n")

    def untie(self, group: int) -> None:
        """Forget `group`, which has ended: its number may be given to another."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.write(line)
        self._keeper.stdin.flush()

    def close(self) -> None:
        """Kill what is still tied, now."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait()


def groups_left(lines: Iterable[str]) -> frozenset[int]:
    """The groups that were tied and not untied, in the order of `lines`."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    return frozenset(groups)


if __name__ == "__main__":
    for left in groups_left(sys.stdin):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(left, signal.SIGKILL)
