import time
from collections.abc import Callable


def wait_for(happened: Callable[[], bool], what: str, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds}s"
        time.sleep(0.02)
