"""Starts the stand-in as a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.standin.control import StandIn

_ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_process(port: int, *options: str, log: Path | None = None) -> "subprocess.Popen[bytes]":
    """Start `python -m tests.standin` from the repository root; its log goes to `log`, or to ours."""
    command = [sys.executable, "-m", "tests.standin", "--port", str(port), *options]
    if log is None:
        return subprocess.Popen(command, cwd=_ROOT)
    with log.open("ab") as output:
        return subprocess.Popen(command, cwd=_ROOT, stdout=output, stderr=output)


def wait_until_up(url: str, process: "subprocess.Popen[bytes]", *, timeout: float = 20) -> None:
    """Return once the stand-in answers; raises RuntimeError when it ends, TimeoutError when it is late."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the stand-in ended with {process.returncode}: see its log")
        try:
            httpx2.get(f"{url}/control/health", timeout=1).raise_for_status()
        except httpx2.TransportError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"the stand-in did not answer at {url} within {timeout} s: see its log")


def stop_process(process: "subprocess.Popen[bytes]", *, timeout: float = 10) -> None:
    """End the process by SIGTERM, so that it writes its state, or by SIGKILL when it does not end in time."""
    process.terminate()
    try:
        process.wait(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@contextmanager
def running_standin(*options: str, port: int | None = None, log: Path | None = None) -> Iterator[StandIn]:
    """Run the stand-in for the length of the block."""
    chosen = port or free_port()
    process = start_process(chosen, *options, log=log)
    url = f"http://127.0.0.1:{chosen}"
    try:
        wait_until_up(url, process)
        with StandIn(url) as standin:
            yield standin
    finally:
        stop_process(process)
