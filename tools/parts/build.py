"""Builds etcd and the Kubernetes components from their Go modules, as one binary with many names."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.console import Console, elapsed
from tools.errors import ExpectedError
from tools.parts.catalog import GO_MODULE, Part, Releases
from tools.parts.go import go_environment, go_toolchain
from tools.parts.progress import Progress
from tools.parts.store import Store

_BINARY = "kube"
_TWO_CORE_MINUTES = 7


def linker_flags(kubernetes: str) -> str:
    """Stamp the version in: components compare each other's, and kubeadm refuses to run without one."""
    major, minor, _ = kubernetes.split(".", 2)
    stamp = "k8s.io/component-base/version"
    values = {
        f"{stamp}.gitVersion": f"v{kubernetes}",
        f"{stamp}.gitMajor": major,
        f"{stamp}.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": f"v{kubernetes}",
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in values.items())])


def first_time(cores: int) -> str:
    """How long the build takes when nothing of it is cached, for this many cores."""
    minutes = max(2, round(_TWO_CORE_MINUTES * 2 / max(cores, 1)))
    return f"about {minutes} minutes on {cores} core{'s' if cores != 1 else ''} the first time"


def build(releases: Releases, store: Store, environ: Mapping[str, str], console: Console) -> None:
    """Add to `store` every part that is not there: all are names of one binary."""
    go = go_toolchain(environ, releases.go, store.directory.parent, console)
    what = f"building Kubernetes {releases.kubernetes} from source"
    about = first_time(_cores())
    console.say(f"{what}: {about}")
    began = time.monotonic()
    with TemporaryDirectory(dir=store.directory) as scratch:
        output = Path(scratch) / _BINARY
        # Without -buildvcs=false, Go asks git about this repository, which may refuse.
        flags = ("-trimpath", "-buildvcs=false", "-ldflags", linker_flags(releases.kubernetes))
        progress = Progress(console, lambda time: f"{what}: {time}, {about}")
        command = (str(go), "build", *flags, "-o", str(output), ".")
        _compile(command, environ, store.directory / "build.log", progress)
        output.replace(store.directory / _BINARY)
    console.say(f"built Kubernetes {releases.kubernetes} in {elapsed(time.monotonic() - began)}")
    for part in Part:
        if store.get(part) is None:
            store.link(part, _BINARY)


def _compile(command: tuple[str, ...], environ: Mapping[str, str], log: Path, progress: Progress) -> None:
    with log.open("w") as lines:
        compiler = subprocess.Popen(
            command, cwd=GO_MODULE, env=go_environment(environ), stdout=lines, stderr=subprocess.STDOUT
        )
        try:
            while compiler.poll() is None:
                time.sleep(0.2)
                progress.tick()
        finally:
            compiler.terminate()
            compiler.wait()
    if compiler.returncode != 0:
        tail = "\n".join(f"    {line}" for line in log.read_text().splitlines()[-10:])
        raise ExpectedError(
            f"`go build` in tools/kube failed; the end of {log}:\n{tail}\n"
            "Modules come from GOPROXY (`go env GOPROXY`) and need about 4 GB in GOMODCACHE and GOCACHE. "
            "Or put etcd, kube-apiserver, kube-controller-manager and kubectl on PATH."
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
