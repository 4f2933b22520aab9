"""The processes of one Deployment: started, found ended, and ended gracefully."""

import contextlib
import os
import posixpath
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tools.local.pods.model import Container, Key, PodTemplate
from tools.local.pods.plan import Replica, Start, Stop, crashes_after
from tools.local.ports import free_ports
from tools.local.tether import Tether

# All workers would listen on the same port of this machine, and nobody asks.
PROBE_VARIABLE = "DURABLE_AGENTS_HEALTH_PORT"
# Each gets one of its own instead.
METRICS_VARIABLE = "DURABLE_AGENTS_METRICS_PORT"
_IMAGE_COMMAND = (sys.executable, "-m", "agents_worker")


def container_argv(container: Container) -> tuple[str, ...]:
    """What a container of the worker image would run."""
    return (*(container.command or _IMAGE_COMMAND), *container.args)


def container_environment(
    container: Container, base: Mapping[str, str], volumes: Mapping[str, Path]
) -> dict[str, str]:
    """The container's own variables over `base`; those that name a mounted path name where it is here.

    `volumes` are the directories of volumes by name. What a volume shows is not at its path on this machine.
    """
    own = {each.name: each.value for each in container.env if each.value is not None}
    own.pop(PROBE_VARIABLE, None)
    for mount in container.volume_mounts:
        if mount.name in volumes:
            inside = posixpath.normpath(mount.mount_path)
            outside = str(volumes[mount.name] / mount.sub_path)
            own = {name: _moved(value, inside, outside) for name, value in own.items()}
    return {**base, **own}


def _moved(path: str, inside: str, outside: str) -> str:
    return outside + path.removeprefix(inside) if f"{path}/".startswith(f"{inside}/") else path


@dataclass(frozen=True)
class Places:
    """Where a runner keeps pid files and secrets, and where its processes' output goes."""

    directory: Path
    logs: Path

    def of(self, key: Key) -> Path:
        """All of a Deployment but its logs."""
        return self.directory / key.namespace / key.name

    def pid_file(self, key: Key, index: int) -> Path:
        """Holds the number of the process of replica `index`."""
        return self.of(key) / f"{index}.pid"

    def metrics_file(self, key: Key, index: int) -> Path:
        """Holds the port on which replica `index` tells its metrics, where it was told to."""
        return self.of(key) / f"{index}.metrics"

    def log(self, key: Key, index: int) -> Path:
        """The output of replica `index`, of all its processes so far."""
        return self.logs / key.namespace / key.name / f"{index}.log"

    def secrets(self, key: Key) -> Path:
        """The secret files that all replicas of a Deployment share, in a directory for each volume."""
        return self.of(key) / "secrets"


@dataclass(frozen=True)
class _Running:
    replica: Replica
    process: subprocess.Popen[bytes]
    grace: float


@dataclass(frozen=True)
class _Ending:
    process: subprocess.Popen[bytes]
    kill_at: float


class ReplicaProcesses:
    """The processes of the Deployment `key`."""

    def __init__(self, key: Key, places: Places, base: Mapping[str, str], tether: Tether) -> None:
        self._key, self._places, self._base, self._tether = key, places, base, tether
        self._running: dict[int, _Running] = {}
        self._ending: list[_Ending] = []

    @property
    def idle(self) -> bool:
        """Whether nothing of it is left."""
        return not self._running and not self._ending

    def observe(self, now: float) -> tuple[Replica, ...]:
        """Find what has ended; kill what was told to end and took too long."""
        for index, each in self._running.items():
            if each.replica.ended_at is None and each.process.poll() is not None:
                self._release(each.process)
                crashes = crashes_after(each.replica, now)
                ended = replace(each.replica, ended_at=now, crashes=crashes)
                self._running[index] = replace(each, replica=ended)
                say(self._key, f"replica {index} ended with {each.process.returncode}")
        self._ending = [each for each in self._ending if not self._ended(each, now)]
        return tuple(each.replica for _, each in sorted(self._running.items()))

    def start(self, action: Start, template: PodTemplate, now: float) -> None:
        """Start a replica in a session of its own; one that cannot be started ends at once and says why."""
        container = template.worker
        assert container is not None
        log = self._places.log(self._key, action.index)
        log.parent.mkdir(parents=True, exist_ok=True)
        volumes = {volume: self._places.secrets(self._key) / volume for volume in template.secrets}
        environment = container_environment(container, self._base, volumes)
        if METRICS_VARIABLE in environment:
            environment[METRICS_VARIABLE] = port = str(free_ports(1)[0])
            self._places.metrics_file(self._key, action.index).write_text(port)
        with log.open("ab") as output:
            process = subprocess.Popen(
                ("/bin/sh", "-c", 'exec "$@"', "worker", *container_argv(container)),
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tether.tie(process.pid)
        self._places.pid_file(self._key, action.index).write_text(str(process.pid))
        replica = Replica(action.index, template.hash, started_at=now, crashes=action.crashes)
        grace = float(template.spec.termination_grace_period_seconds)
        self._running[action.index] = _Running(replica, process, grace)
        say(self._key, f"replica {action.index} started as process {process.pid}")

    def stop(self, action: Stop, now: float, *, longest: float = float("inf")) -> None:
        """Ask a replica to end, within its grace period but no longer than `longest` seconds."""
        running = self._running.pop(action.index)
        for file in (self._places.pid_file, self._places.metrics_file):
            file(self._key, action.index).unlink(missing_ok=True)
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            self._ending.append(_Ending(running.process, now + min(running.grace, longest)))
            say(self._key, f"replica {action.index} asked to end")

    def stop_all(self, now: float, *, longest: float) -> None:
        """Ask everything to end, what is ending already within `longest` seconds too."""
        for index in list(self._running):
            self.stop(Stop(index), now, longest=longest)
        self._ending = [replace(each, kill_at=min(each.kill_at, now + longest)) for each in self._ending]

    def _ended(self, ending: _Ending, now: float) -> bool:
        if ending.process.poll() is not None:
            self._release(ending.process)
            return True
        if now >= ending.kill_at:
            _kill_group(ending.process)
        return False

    def _release(self, process: subprocess.Popen[bytes]) -> None:
        """End what an ended process leaves behind, as a container ends with its first process."""
        _kill_group(process)
        self._tether.untie(process.pid)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def say(key: Key, what: str) -> None:
    """Tell what was done to a Deployment."""
    print(f"{time.strftime('%H:%M:%S')} {key}: {what}", flush=True)
