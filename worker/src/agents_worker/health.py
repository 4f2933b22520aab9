"""Liveness and readiness over HTTP, for the probes of a pod."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from temporalio.worker import Worker

from agents_worker.pages import Answer, serve_pages

_BEAT = 1.0
# A tool that blocks the loop for a while is no reason to kill the calls beside it.
_LONGEST_PAUSE = 60.0


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


@contextmanager
def serve_health(health: Health, port: int | None) -> Iterator[None]:
    """Serve /healthz and /readyz while the block runs; no port, no server.

    From a thread: it answers while the tools are imported, and when the event loop hangs. Raises
    PortTakenError.
    """
    if port is None:
        yield
        return
    with serve_pages({"/healthz": health.healthz, "/readyz": health.readyz}, port, "to answer its probes"):
        yield
