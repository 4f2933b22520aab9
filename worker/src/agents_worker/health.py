"""Liveness and readiness over HTTP, for the probes of a pod."""

import asyncio
import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from temporalio.worker import Worker

_BEAT = 1.0
# A tool that blocks the loop for a while is no reason to kill the calls beside it.
_LONGEST_PAUSE = 60.0

Answer = tuple[int, str]


class Health:
    """What a worker says of itself: alive while its event loop beats, ready while its workers poll."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._waiting: str | None = "loading the tools"
        self._workers: Sequence[Worker] = ()
        self._beaten: float | None = None

    def wait_for(self, what: str) -> None:
        """Say what keeps the worker from its job."""
        self._waiting = f"waiting for {what}"

    def attend(self, workers: Sequence[Worker]) -> None:
        """Be ready once all the workers poll."""
        self._waiting, self._workers = None, workers

    def stop(self) -> None:
        """Be ready no more."""
        self._waiting = "stopping: the activities in flight are finished first"

    async def beat(self) -> None:
        """Show that the event loop goes on, until cancelled."""
        while True:
            self._beaten = self._now()
            await asyncio.sleep(_BEAT)

    def healthz(self) -> Answer:
        """Tell whether the process works and does not hang."""
        paused = 0.0 if self._beaten is None else self._now() - self._beaten
        if paused > _LONGEST_PAUSE:
            return 503, f"the event loop stood still for {paused:.0f} s: does an async tool block it?"
        return 200, "ok"

    def readyz(self) -> Answer:
        """Tell whether the workers poll, and what keeps them from it."""
        if self._waiting is not None:
            return 503, self._waiting
        if not all(worker.is_running for worker in self._workers):
            return 503, "not yet polling Temporal"
        return 200, "ok"


class PortTakenError(Exception):
    """Something else in the pod listens where the worker answers its probes."""


@contextmanager
def serve_health(health: Health, port: int | None) -> Iterator[None]:
    """Serve /healthz and /readyz while the block runs; no port, no server.

    From a thread: it answers while the tools are imported, and when the event loop hangs. Raises
    PortTakenError.
    """
    if port is None:
        yield
        return
    with _listening(port, health) as server:
        threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


def _listening(port: int, health: Health) -> "_Server":
    try:
        return _Server(port, health)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTakenError(
            f"port {port} is taken, and the worker needs it to answer its probes: let whatever else runs in "
            "this pod listen on another port"
        ) from error


class _Server(ThreadingHTTPServer):
    """Listens on all addresses, IPv6 where the machine has it."""

    def __init__(self, port: int, health: Health) -> None:
        super().__init__(("", port), partial(_Handler, health), bind_and_activate=False)
        self.socket.close()
        both = socket.has_dualstack_ipv6()
        self.socket = socket.create_server(
            ("", port), family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both
        )


class _Handler(BaseHTTPRequestHandler):
    timeout = 5.0

    def __init__(self, health: Health, *connection: Any) -> None:
        self._answers = {"/healthz": health.healthz, "/readyz": health.readyz}
        super().__init__(*connection)

    def do_GET(self) -> None:
        answer = self._answers.get(self.path)
        status, text = answer() if answer else (404, "ask for /healthz or /readyz")
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a line for each probe would drown the rest."""
