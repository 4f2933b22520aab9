"""Programs from PyPI, in the version and with the hashes that a lock file pins."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.errors import ExpectedError
from tools.parts.catalog import ROOT


def from_pypi(name: str, lock: Path, environ: Mapping[str, str], cache: Path, *, otherwise: str) -> Path:
    """The folder with the package `name`, installed once; `otherwise` is what a person can do without it."""
    pinned = re.search(rf"^{re.escape(name)}==(\S+)", lock.read_text(), re.MULTILINE)
    if pinned is None:
        raise ExpectedError(f"{lock} names no {name}: run `make lock`")
    home = cache / f"{name}-{pinned[1]}"
    if not home.exists():
        _install(name, lock, environ, home, otherwise)
    return home


def _install(name: str, lock: Path, environ: Mapping[str, str], home: Path, otherwise: str) -> None:
    uv = shutil.which("uv", path=environ.get("PATH")) or str(ROOT / ".local" / "uv" / "bin" / "uv")
    home.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=home.parent) as scratch:
        target = Path(scratch) / "package"
        command = (
            *(uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(target)),
            *("--require-hashes", "--no-deps", "--requirements", str(lock)),
        )
        try:
            subprocess.run(command, env=dict(environ), check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or error
            raise ExpectedError(f"cannot install {name}: {why}\n{otherwise}, then try again") from error
        try:
            target.replace(home)
        except OSError:
            if not home.exists():  # else another process was as quick, with the same
                raise
