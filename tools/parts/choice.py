"""Which of the programs found on this machine to use."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.errors import ExpectedError
from tools.parts.catalog import Part, Releases, Version, pair_refusal, refusal, version_in

_VERSION_SECONDS = 20
_PAIR = (Part.APISERVER, Part.CONTROLLER_MANAGER)


@dataclass(frozen=True)
class Found:
    """A program on this machine; `named` by an environment variable, else met on PATH."""

    path: Path
    version: Version | None
    named: bool


@dataclass(frozen=True)
class Choice:
    """What to use, and a line for each program that was passed over."""

    use: Mapping[Part, Path]
    passed_over: tuple[str, ...]


def observe(parts: Iterable[Part], environ: Mapping[str, str], links: Path) -> dict[Part, Found]:
    """Look for each part in its environment variable, then on PATH, and ask it for its version.

    `links` is passed over: there are links to what was chosen before, and one of them would point at itself.
    """
    directories = environ.get("PATH", os.defpath).split(os.pathsep)
    search = os.pathsep.join(directory for directory in directories if Path(directory) != links)
    found = {}
    for part in parts:
        named = environ.get(part.variable)
        path = named or shutil.which(part, path=search)
        if path:
            found[part] = Found(Path(path).absolute(), _version(part, path), named=bool(named))
    return found


def choose(found: Mapping[Part, Found], releases: Releases) -> Choice:
    """Use what is fit. What is not is passed over when met on PATH, and an error when a variable names it."""
    use, passed_over = dict(found), []
    for part, program in found.items():
        if reason := refusal(part, program.version):
            passed_over.append(_pass_over(part, program, reason))
            del use[part]
    released = version_in(releases.kubernetes)
    versions = [use[part].version if part in use else released for part in _PAIR]
    if versions[0] and versions[1] and (reason := pair_refusal(versions[0], versions[1])):
        passed_over += [
            _pass_over(part, use.pop(part), f"does not fit: {reason}") for part in _PAIR if part in use
        ]
    return Choice({part: program.path for part, program in use.items()}, tuple(passed_over))


def _pass_over(part: Part, program: Found, reason: str) -> str:
    line = f"{part} at {program.path} {reason}"
    if program.named:
        raise ExpectedError(f"{line}; set {part.variable} to another or unset it")
    return line


def _version(part: Part, path: str) -> Version | None:
    match part:
        case Part.KUBECTL:
            arguments = ["version", "--client"]
        case (
            Part.HELM
        ):  # one that `go install` left without stamps says `v3.22`, and renders for Kubernetes 1.20
            arguments = ["version", "--template={{.Version}}"]
        case _:
            arguments = ["--version"]
    try:
        answer = subprocess.run(
            (path, *arguments), capture_output=True, text=True, timeout=_VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return version_in(answer.stdout)
