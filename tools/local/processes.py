"""Processes that outlive or do not outlive the one that starts them, known by a locked pid file.

A process inherits an exclusive lock on its pid file and the kernel drops the lock when it ends, so a pid
file left by a crash or a reboot is never mistaken for a running process, nor its number for another's.
"""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from tools.errors import ExpectedError
from tools.local.environment import INHERITED
from tools.local.tether import Tether

_LARGE_LOG_BYTES = 10_000_000
_POLL_SECONDS = 0.03
_TAIL_LINES = 15
_LAST_GRACE_SECONDS = 3
_LOCK_SECONDS = 0.5


@dataclass(frozen=True)
class Command:
    """What to run. `env` is the whole environment; `sources` names the code it runs, if that may change."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    sources: str = ""

    @property
    def fingerprint(self) -> str:
        """Differs when a running process would no longer be what this command starts."""
        # Not what the caller's shell decides: `make up` from another shell must not restart everything.
        settings = sorted(f"{name}={value}" for name, value in self.env.items() if name not in INHERITED)
        parts = [*self.argv, str(self.cwd), self.sources, *settings]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Service:
    """A command and the question that tells whether its process serves; the question never raises."""

    command: Command
    ready: Callable[[], bool]

    @property
    def name(self) -> str:
        """The name of its process."""
        return self.command.name


def tail(log: Path, lines: int) -> str:
    """The last lines of a log, indented; nothing when there is none."""
    with contextlib.suppress(FileNotFoundError):
        return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def _locked(file: IO[str]) -> bool:
    """Take the lock of a pid file; one that only asks who runs holds it for an instant."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True


class Processes:
    """Starts, finds and stops processes; pid files in `run`, output in `logs`.

    With a `tether` they end with this process; without one they stay when it is gone.
    """

    def __init__(self, run: Path, logs: Path, tether: Tether | None = None) -> None:
        self._run, self._logs, self._tether = run, logs, tether
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        for directory in (run, logs):
            directory.mkdir(parents=True, exist_ok=True)

    @classmethod
    @contextlib.contextmanager
    def tethered(cls, directory: Path) -> Iterator[Self]:
        """Processes that end with the `with` block, and with this process, whatever ends it."""
        tether = Tether()
        processes = cls(directory / "run", directory / "logs", tether)
        try:
            yield processes
        finally:
            processes.stop(*processes.started, grace=_LAST_GRACE_SECONDS)
            tether.close()

    @property
    def started(self) -> list[str]:
        """The names started through this object, the latest first."""
        return list(reversed(self._children))

    def log(self, name: str) -> Path:
        """Where the output of `name` goes."""
        return self._logs / f"{name}.log"

    def tail(self, name: str) -> str:
        """The end of the output of `name`."""
        return tail(self.log(name), _TAIL_LINES)

    def pid(self, name: str) -> int | None:
        """The number of the running process `name`, or None."""
        if name in self._children:
            self._children[name].poll()
        try:
            with self._pid_file(name).open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return int(file.read() or 0) or None
        except FileNotFoundError:
            pass
        return None

    def runs(self, command: Command) -> bool:
        """Whether a process runs that is what `command` would start now."""
        if self.pid(command.name) is None:
            return False
        return self._stamp(command.name).read_text() == command.fingerprint

    def start(self, command: Command) -> int:
        """Start `command` in a session of its own; return its number."""
        log = self.log(command.name)
        if log.exists() and log.stat().st_size > _LARGE_LOG_BYTES:
            log.rename(log.with_suffix(".log.1"))
        self._stamp(command.name).write_text(command.fingerprint)
        with self._pid_file(command.name).open("a") as lock, log.open("ab") as output:
            if not _locked(lock):
                raise ExpectedError(f"{command.name} already runs: stop it first")
            child = subprocess.Popen(
                command.argv,
                env=dict(command.env),
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
            )
            lock.truncate(0)
            lock.write(str(child.pid))
        self._children[command.name] = child
        if self._tether is not None:
            self._tether.tie(child.pid)
        return child.pid

    def wait_ready(self, *services: Service, timeout: float) -> None:
        """Return once each process serves; fail at once when one has ended."""
        waiting, deadline = list(services), time.monotonic() + timeout
        while waiting := [service for service in waiting if not service.ready()]:
            self.require([service.name for service in waiting])
            if time.monotonic() > deadline:
                raise ExpectedError(self._diagnosis(waiting[0].name, f"was not ready in {timeout:.0f}s"))
            time.sleep(_POLL_SECONDS)

    def require(self, names: Iterable[str]) -> None:
        """Raise ExpectedError when one of the processes has ended."""
        for name in names:
            if self.pid(name) is None:
                raise ExpectedError(self._diagnosis(name, "has ended"))

    def stop(self, *names: str, grace: float = 10) -> None:
        """Ask each process to end; kill its group when `grace` seconds were not enough."""
        pids = {name: pid for name in names if (pid := self.pid(name)) is not None}
        for pid in pids.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for name in self._left(pids, grace):
            self.kill(name)
        if self._tether is not None:
            for pid in pids.values():
                self._tether.untie(pid)

    def kill(self, name: str) -> None:
        """End the process and its group without warning."""
        pid = self.pid(name)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        if self._left([name], 10):
            raise ExpectedError(f"{name} (process {pid}) does not end, not even when killed")

    def _left(self, names: Iterable[str], seconds: float) -> list[str]:
        """Wait until the processes have ended; return those that have not."""
        left, deadline = list(names), time.monotonic() + seconds
        while (left := [name for name in left if self.pid(name) is not None]) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        return left

    def _diagnosis(self, name: str, what: str) -> str:
        return f"{name} {what}; the end of {self.log(name)}:\n{self.tail(name)}"

    def _pid_file(self, name: str) -> Path:
        return self._run / f"{name}.pid"

    def _stamp(self, name: str) -> Path:
        return self._run / f"{name}.stamp"
