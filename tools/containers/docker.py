"""The docker command line, as far as this project uses it."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tools.errors import ExpectedError

_INFO_SECONDS = 20
_PULL_SECONDS = 900
_TAIL_LINES = 25


@dataclass(frozen=True)
class Build:
    """One image to build; `log` gets the builder's output."""

    tag: str
    context: Path
    log: Path
    dockerfile: Path | None = None
    target: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Docker:
    """A docker command line; every method raises ExpectedError with the engine's own words."""

    program: str = "docker"

    def refusal(self) -> str | None:
        """Why no engine answers; None when one does."""
        try:
            answer = self._call("info", "--format", "{{.ServerVersion}}", timeout=_INFO_SECONDS)
        except FileNotFoundError:
            return f"there is no command {self.program}"
        except subprocess.TimeoutExpired:
            return f"`docker info` did not answer within {_INFO_SECONDS} s"
        # Without an engine, some versions exit with 0 and an empty answer.
        if answer.returncode == 0 and answer.stdout.strip():
            return None
        return _last_line(answer.stderr) or "no engine answers"

    def run(self, *arguments: str, timeout: float | None = None) -> str:
        """Run `docker ARGUMENTS` and return what it printed."""
        try:
            answer = self._call(*arguments, timeout=timeout)
        except FileNotFoundError as error:
            raise ExpectedError(f"there is no command {self.program}: install Docker") from error
        except subprocess.TimeoutExpired as error:
            raise ExpectedError(f"`docker {' '.join(arguments)}` took more than {timeout:.0f} s") from error
        if answer.returncode != 0:
            raise ExpectedError(f"`docker {' '.join(arguments)}`: {answer.stderr.strip()}")
        return answer.stdout

    def build(self, build: Build) -> None:
        """Build an image; the builder's output is in `build.log`, and its end in the error of a failure."""
        options = ["--network", "host", "--tag", build.tag]
        options += ["--file", str(build.dockerfile)] if build.dockerfile else []
        options += ["--target", build.target] if build.target else []
        for name, value in build.arguments.items():
            options += ["--build-arg", f"{name}={value}"]
        build.log.parent.mkdir(parents=True, exist_ok=True)
        with build.log.open("w") as log:
            answer = subprocess.run(
                (self.program, "build", *options, str(build.context)),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if answer.returncode != 0:
            tail = "\n".join(f"    {line}" for line in build.log.read_text().splitlines()[-_TAIL_LINES:])
            raise ExpectedError(f"building {build.tag} failed; the end of {build.log}:\n{tail}")

    def pull(self, image: str) -> None:
        """Get `image` from its registry."""
        self.run("pull", "--quiet", image, timeout=_PULL_SECONDS)

    def push(self, image: str) -> None:
        """Put `image` into the registry that its name starts with."""
        self.run("push", "--quiet", image)

    def tag(self, image: str, name: str) -> None:
        """Give `image` one more name."""
        self.run("tag", image, name)

    def has(self, image: str) -> bool:
        """Tell whether `image` is here."""
        return bool(self.run("images", "--quiet", image).strip())

    def image_id(self, image: str) -> str:
        """The id of an image that is here: it changes with the content."""
        return self.run("image", "inspect", "--format", "{{.Id}}", image).strip()

    def size(self, image: str) -> int:
        """Bytes of all layers of an image that is here, unpacked."""
        return int(json.loads(self.run("image", "inspect", image))[0]["Size"])

    def save(self, images: Sequence[str], archive: Path) -> None:
        """Write `images` to the tar file `archive`."""
        self.run("save", "--output", str(archive), *images)

    def import_tree(self, tree: Path, image: str, changes: Sequence[str]) -> None:
        """Make an image of one layer from the directory `tree`; `changes` are Dockerfile lines."""
        flags = [part for change in changes for part in ("--change", change)]
        with subprocess.Popen(("tar", "-C", str(tree), "-c", "."), stdout=subprocess.PIPE) as packing:
            importing = subprocess.run(
                (self.program, "import", *flags, "-", image),
                stdin=packing.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        if packing.returncode != 0 or importing.returncode != 0:
            raise ExpectedError(f"cannot import {image}: {importing.stderr.strip() or 'see tar above'}")

    @cached_property
    def _environment(self) -> dict[str, str]:
        """The engine's own builder; and BuildKit only where the client has it, else that is refused.

        That builder is called as the context is. It knows the images that are here and leaves its own
        here; and it may use the host's network, where an index may be that containers do not reach.
        """
        given = {**os.environ, "BUILDX_BUILDER": self._call("context", "show").stdout.strip() or "default"}
        if "DOCKER_BUILDKIT" in given:
            return given
        has_buildx = self._call("buildx", "version").returncode == 0
        return {**given, "DOCKER_BUILDKIT": "1" if has_buildx else "0"}

    def _call(self, *arguments: str, timeout: float | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            (self.program, *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
