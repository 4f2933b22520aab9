"""The version of this repository, as pyproject.toml states it and as image tags and charts spell it."""

import re
import tomllib
from pathlib import Path

from tools.parts.catalog import ROOT

_KINDS = {"a": "alpha", "b": "beta", "rc": "rc", ".dev": "dev"}


def python_version(root: Path = ROOT) -> str:
    """The version of the Python packages, as PEP 440 spells it: `0.1.0.dev0`."""
    version: str = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    return version


def version(root: Path = ROOT) -> str:
    """The version of images and charts, as semver.org spells it: `0.1.0-dev`."""
    return semantic(python_version(root))


def semantic(python: str) -> str:
    """Spell a PEP 440 version the semantic way; raises ValueError for what has no such spelling."""
    match = re.fullmatch(r"(\d+\.\d+\.\d+)(?:(a|b|rc|\.dev)(\d+))?", python)
    if match is None:
        raise ValueError(
            f"{python} is neither a release, like 1.2.3, nor before one, like 1.2.3rc1 or 1.2.3.dev0"
        )
    release, kind, number = match.groups()
    if kind is None:
        return release
    return f"{release}-{_KINDS[kind]}" + (f".{number}" if number != "0" else "")
