"""A Docker engine that answers: the one there is, else Debian's, installed and started by hand.

By hand only as root, with apt and without systemd: in a container, or in a bare virtual machine of a CI.
Everywhere else the machine's owner starts Docker, and is told so.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.console import Console
from tools.containers.docker import Docker
from tools.errors import ExpectedError

_SHIM = Path(__file__).with_name("runc_without_sys_resource.py")
_SHIM_INSTALLED = Path("/usr/local/libexec/durable-agents/runc-without-sys-resource")
_LOG = Path("/var/log/dockerd.log")
_START_SECONDS = 45
_POLL_SECONDS = 0.1
_CAP_SYS_RESOURCE = 24  # its bit in capabilities(7)'s sets


@dataclass(frozen=True)
class Host:
    """What decides whether an engine may be started here."""

    is_root: bool
    has_apt: bool
    has_systemd: bool
    docker_host: str | None


def find_engine(console: Console, environ: Mapping[str, str] = os.environ) -> Docker:
    """The docker command line, at an engine that answers; starts one where that is ours to do."""
    docker = Docker()
    why = docker.refusal()
    if why is None:
        return docker
    if reason := start_refusal(observe_host(environ)):
        raise ExpectedError(f"no Docker engine here ({why}): {reason}")
    if shutil.which("dockerd") is None or shutil.which("docker") is None:
        install(console, "docker.io", optional=("docker-cli",))
    _start(docker, console)
    return docker


def observe_host(environ: Mapping[str, str]) -> Host:
    """Look at this machine."""
    return Host(
        is_root=os.geteuid() == 0,
        has_apt=shutil.which("apt-get") is not None,
        has_systemd=Path("/run/systemd/system").exists(),
        docker_host=environ.get("DOCKER_HOST"),
    )


def start_refusal(host: Host) -> str | None:
    """What to do instead, where starting an engine is not ours to do; None where it is."""
    if host.docker_host:
        return f"start the one that DOCKER_HOST names ({host.docker_host}), or unset DOCKER_HOST"
    if host.has_systemd:
        return "start Docker (`sudo systemctl start docker`), or install it: https://docs.docker.com/engine/install"
    if not host.is_root:
        return "start Docker, or let this user reach it (group `docker`)"
    if not host.has_apt:
        return "install Docker and start it: https://docs.docker.com/engine/install"
    return None


def runtime_flags(capability_sets: str, shim: Path) -> tuple[str, ...]:
    """Flags for dockerd, by the text of /proc/self/status: the shim where CAP_SYS_RESOURCE cannot be had."""
    for line in capability_sets.splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd" and not int(value, 16) >> _CAP_SYS_RESOURCE & 1:
            return ("--add-runtime", f"trimmed={shim}", "--default-runtime", "trimmed")
    return ()


def install(console: Console, *packages: str, optional: tuple[str, ...] = ()) -> None:
    """Install Debian packages, of `optional` those that this release has; for root alone."""
    console.say(f"installing {', '.join(packages)} by apt")
    _apt("update")
    known = [package for package in optional if _apt_knows(package)]
    # With what docker.io recommends: it mounts cgroups where nothing else has, and loads AppArmor profiles.
    _apt("install", "--yes", *packages, *known)


def _apt(*arguments: str) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ("apt-get", "-qq", *arguments), env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ExpectedError(f"apt-get {' '.join(arguments)}: {done.stderr.strip()}")


def _apt_knows(package: str) -> bool:
    shown = subprocess.run(("apt-cache", "show", package), capture_output=True, check=False)
    return shown.returncode == 0


def _start(docker: Docker, console: Console) -> None:
    console.say(f"starting a Docker engine; its log is {_LOG}")
    flags = runtime_flags(Path("/proc/self/status").read_text(), _SHIM_INSTALLED)
    if flags:
        # The engine outlives this repository's directory.
        _SHIM_INSTALLED.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_SHIM, _SHIM_INSTALLED)
    with _LOG.open("ab") as log:
        engine = subprocess.Popen(
            ("dockerd", "--host", "unix:///var/run/docker.sock", *flags),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while (why := docker.refusal()) is not None:
        if engine.poll() is not None or time.monotonic() > deadline:
            raise ExpectedError(
                f"the Docker engine does not start ({why}); the end of {_LOG}:\n{_tail(_LOG)}"
            )
        time.sleep(_POLL_SECONDS)


def _tail(log: Path) -> str:
    return "\n".join(f"    {line}" for line in log.read_text(errors="replace").splitlines()[-15:])
