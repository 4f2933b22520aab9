"""The last release, built from the commit that CHANGELOG names for it."""

import os
import re
import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from tools.console import Console
from tools.containers.docker import Docker
from tools.errors import ExpectedError
from tools.images.build import build_images
from tools.images.catalog import references
from tools.parts.catalog import ROOT


@dataclass(frozen=True)
class Release:
    """A release: its sources, and its images in the engine."""

    tree: Path
    images: dict[str, str]

    @property
    def charts(self) -> Path:
        """Its charts."""
        return self.tree / "charts"


def last_release_commit(changelog: str) -> str:
    """The commit of the newest release: the first heading `## VERSION (DATE, COMMIT)`."""
    found = re.search(r"^## \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d, ([0-9a-f]{7,40})\)$", changelog, re.M)
    assert found, "CHANGELOG.md names no release with its commit"
    return found[1]


def build_last_release(docker: Docker, directory: Path, prefix: str, tag: str) -> Release:
    """Build its images as PREFIX/...:TAG; the engine's layers of today's serve where they are the same."""
    commit = last_release_commit((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    archive = subprocess.run(("git", "archive", commit), cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        raise ExpectedError(
            f"cannot read the last release: {archive.stderr.decode().strip()}; "
            "in a shallow clone, `git fetch --unshallow` gets the whole history"
        )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as sources:
        sources.extractall(directory, filter="data")
    build_images(docker, Console(), {**os.environ, "IMAGES": prefix}, root=directory, tag=tag)
    return Release(directory, references(prefix, tag))
