"""The last release, built from the commit that CHANGELOG names for it."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.releases import extract_last_release
from tools.console import Console
from tools.containers.docker import Docker
from tools.images.build import build_images
from tools.images.catalog import references


@dataclass(frozen=True)
class Release:
    """A release: its sources, and its images in the engine."""

    tree: Path
    images: dict[str, str]

    @property
    def charts(self) -> Path:
        """Its charts."""
        return self.tree / "charts"


def build_last_release(docker: Docker, directory: Path, prefix: str, tag: str) -> Release:
    """Build its images as PREFIX/...:TAG; the engine's layers of today's serve where they are the same."""
    extract_last_release(directory)
    build_images(docker, Console(), {**os.environ, "IMAGES": prefix}, root=directory, tag=tag)
    return Release(directory, references(prefix, tag))
