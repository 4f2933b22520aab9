"""Builds the images."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.console import Console, elapsed
from tools.containers.base import build_base, python_base
from tools.containers.docker import Build, Docker
from tools.images.catalog import IMAGES, index_arguments, prefix_in
from tools.parts.catalog import ROOT
from tools.version import version

_LOGS = ROOT / ".local" / "logs"


@dataclass(frozen=True)
class Built:
    """An image that was built; `size` is in bytes, unpacked."""

    reference: str
    size: int
    seconds: float


def build_images(
    docker: Docker,
    console: Console,
    environ: Mapping[str, str] = os.environ,
    *,
    root: Path = ROOT,
    tag: str | None = None,
) -> list[Built]:
    """Build every image of the sources at `root`; `tag` is their version unless given."""
    base = python_base(docker, console, environ)
    prefix, number = prefix_in(environ), version(root)
    bases = {"BASE_IMAGE": base, "BUILD_IMAGE": build_base(docker, base, environ)}
    arguments = {**bases, "VERSION": number, **index_arguments(environ)}
    console.say(f"building {len(IMAGES)} images from {base}")
    built = []
    for image in IMAGES:
        reference, began = image.reference(prefix, tag or number), time.monotonic()
        log = _LOGS / f"image-{image.name}.log"
        docker.build(Build(reference, root, log, root / image.dockerfile, image.target, arguments))
        seconds = time.monotonic() - began
        console.say(f"built {reference} in {elapsed(seconds)}")
        built.append(Built(reference, docker.size(reference), seconds))
    return built


def table(built: list[Built]) -> str:
    """Names and sizes, a line each."""
    width = max(len(image.reference) for image in built)
    lines = [f"{image.reference:{width}}  {image.size / 1e6:5.0f} MB" for image in built]
    return "\n".join([f"{'IMAGE':{width}}  {'SIZE':>8}", *lines])
