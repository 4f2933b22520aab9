"""The last release, built from the commit that CHANGELOG names for it."""

import re
import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from tools.console import Console
from tools.containers.docker import Docker
from tools.images.build import build_images
from tools.images.catalog import references
from tools.parts.catalog import ROOT
from tools.version import version

_PREFIX = "durable-agents-released"


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


def build_last_release(directory: Path) -> Release:
    """Build its images; the engine's layers of today's serve where they are the same."""
    commit = last_release_commit((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    archive = subprocess.run(("git", "archive", commit), cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as sources:
        sources.extractall(directory, filter="data")
    build_images(Docker(), Console(), {"IMAGES": _PREFIX}, root=directory)
    return Release(directory, references(_PREFIX, version(directory)))
