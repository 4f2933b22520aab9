"""Builds programs from their Go modules; all of Kubernetes and etcd as one binary with many names."""

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.console import Console, elapsed
from tools.errors import ExpectedError
from tools.parts.catalog import GO_MODULE, MODULES, NPM_PARTS, Group, Module, Part, Releases
from tools.parts.go import go_environment, go_toolchain
from tools.parts.npm import install
from tools.parts.progress import Progress
from tools.parts.store import Store

_KUBE_TWO_CORE_MINUTES = 7.0
_KUBE_PARTS = (*Group.LOCAL.parts, Part.KUBE)


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


def first_time(cores: int, two_core_minutes: float) -> str:
    """How long a build takes when nothing of it is cached, for this many cores."""
    minutes = max(1, round(two_core_minutes * 2 / max(cores, 1)))
    return (
        f"about {minutes} minute{'s' if minutes != 1 else ''} on {cores} core{'s' if cores != 1 else ''} "
        "the first time"
    )


@dataclass(frozen=True)
class _Build:
    """One call of `go`: by which Go, where, and into which folder it installs."""

    name: str
    arguments: tuple[str, ...]
    go: str
    directory: Path
    output: Path
    two_core_minutes: float


def build(part: Part, releases: Releases, store: Store, environ: Mapping[str, str], console: Console) -> None:
    """Add `part` to `store`; with any part of Kubernetes come all others that are not there."""
    if part in NPM_PARTS:
        install(part, store, environ, console)
        return
    with TemporaryDirectory(dir=store.directory) as scratch:
        match MODULES.get(part):
            case None:
                _run(_kube_build(releases, Path(scratch)), store, environ, console)
                (Path(scratch) / Part.KUBE).replace(store.directory / Part.KUBE)
                for name in _KUBE_PARTS:
                    if store.get(name) is None:
                        store.link(name, Part.KUBE)
            case module:
                _run(_module_build(part, module, Path(scratch)), store, environ, console)
                store.put(part, Path(scratch) / part)


def _kube_build(releases: Releases, scratch: Path) -> _Build:
    # Without -buildvcs=false, Go asks git about this repository, which may refuse.
    flags = ("-trimpath", "-buildvcs=false", "-ldflags", linker_flags(releases.kubernetes))
    return _Build(
        f"Kubernetes {releases.kubernetes}",
        ("build", *flags, "-o", str(scratch / Part.KUBE), "."),
        releases.go,
        GO_MODULE,
        scratch,
        _KUBE_TWO_CORE_MINUTES,
    )


def _module_build(part: Part, module: Module, scratch: Path) -> _Build:
    stamps = [f"-X {name}={value}" for name, value in module.stamps]
    tags = (f"-tags={','.join(module.tags)}",) if module.tags else ()
    flags = ("-trimpath", "-buildvcs=false", *tags, "-ldflags", " ".join(["-s", "-w", *stamps]))
    what = module.package if module.directory else f"{module.package}@v{module.version}"
    return _Build(
        f"{part} {module.version}",
        ("install", *flags, what),
        module.go,
        module.directory or scratch,
        scratch,
        module.two_core_minutes,
    )


def _run(build: _Build, store: Store, environ: Mapping[str, str], console: Console) -> None:
    go = go_toolchain(environ, build.go, store.directory.parent, console)
    what = f"building {build.name} from source"
    about = first_time(_cores(), build.two_core_minutes)
    console.say(f"{what}: {about}")
    began = time.monotonic()
    progress = Progress(console, lambda time: f"{what}: {time}, {about}")
    _compile(go, build, environ, store.directory / "build.log", progress)
    console.say(f"built {build.name} in {elapsed(time.monotonic() - began)}")


def _compile(go: Path, build: _Build, environ: Mapping[str, str], log: Path, progress: Progress) -> None:
    with log.open("w") as lines:
        compiler = subprocess.Popen(
            (str(go), *build.arguments),
            cwd=build.directory,
            env={**go_environment(environ), "GOBIN": str(build.output)},
            stdout=lines,
            stderr=subprocess.STDOUT,
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
            f"`go {build.arguments[0]}` of {build.name} failed; the end of {log}:\n{tail}\n"
            "Modules come from GOPROXY (`go env GOPROXY`) and need up to 4 GB in GOMODCACHE and GOCACHE. "
            "Or put the program on PATH, in a version that will do."
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
