"""One line for each step that is done, with how long it took."""

import contextlib
import time
from collections.abc import Iterator

from tools.console import Console


@contextlib.contextmanager
def step(console: Console, what: str) -> Iterator[None]:
    """Say `what` and its time once it is done."""
    began = time.monotonic()
    yield
    console.say(f"{what}: {time.monotonic() - began:.1f}s")
