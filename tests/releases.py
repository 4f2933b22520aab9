"""The sources of the last release, by the commit that CHANGELOG names for it."""

import re
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

from tools.errors import ExpectedError
from tools.parts.catalog import ROOT


def last_release_commit(changelog: str) -> str:
    """The commit of the newest release: the first heading `## VERSION (DATE, COMMIT)`."""
    found = re.search(r"^## \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d, ([0-9a-f]{7,40})\)$", changelog, re.M)
    assert found, "CHANGELOG.md names no release with its commit"
    return found[1]


def extract_last_release(directory: Path) -> None:
    """Write the files of the last release to a directory."""
    commit = last_release_commit((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    archive = subprocess.run(("git", "archive", commit), cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        raise ExpectedError(
            f"cannot read the last release: {archive.stderr.decode().strip()}; "
            "in a shallow clone, `git fetch --unshallow` gets the whole history"
        )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as sources:
        sources.extractall(directory, filter="data")
