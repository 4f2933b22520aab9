"""Servers as processes of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.standin.process import free_port
from tools.local.ports import is_free

ROOT = Path(__file__).parents[2]


def start(command: Sequence[str], port: int, environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a server, and return once it listens."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while is_free(port):
        assert process.poll() is None, f"{command} ended with {process.returncode}"
        assert time.monotonic() < deadline, f"{command} does not listen on {port}"
        time.sleep(0.02)
    return process


@contextmanager
def running(command: Sequence[str], port: int, environ: Mapping[str, str]) -> Iterator[None]:
    """Run a server for the length of the block."""
    process = start(command, port, environ)
    try:
        yield
    finally:
        process.kill()
        process.wait()


class Restartable:
    """A Python server over HTTP that can be killed, and started again at the same address."""

    def __init__(self, transport: str) -> None:
        self.port = free_port()
        self._command = (sys.executable, "-m", "tests.mcp.python_server", transport, str(self.port))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = start(self._command, self.port, {})

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def python_process(*arguments: str) -> tuple[str, tuple[str, ...]]:
    """Return the command of a Python server over stdio, and its arguments."""
    return sys.executable, ("-m", *arguments)
