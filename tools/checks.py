"""`python -m tools.checks`: what no other tool checks: short files, fresh locks, a tree as committed."""

import subprocess
import sys
from collections.abc import Iterable, Mapping

from tools.console import exit_code_of
from tools.errors import ExpectedError
from tools.lock import stale_locks
from tools.parts.catalog import ROOT

MOST_LINES = 300
_SOURCES = ("*.py", "*.go", "*.sh", "Makefile", "*/Makefile", ".ci/*", "tools/bootstrap")
_GENERATED = (
    "crds/manifests",
    "charts/durable-agents-crds/templates",
    "charts/durable-agents/README.md",
    "charts/durable-agents-crds/README.md",
    "charts/durable-agents/files/dashboard.json",
    "docs/conditions.md",
    "docs/metrics.md",
)


def too_long(lines: Mapping[str, int]) -> list[str]:
    """A line for each file that has more lines than a reader keeps in mind."""
    return [
        f"{path} has {count} lines, {MOST_LINES} are the most: split it by what it does"
        for path, count in sorted(lines.items())
        if count > MOST_LINES
    ]


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ExpectedError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def _count_lines(paths: Iterable[str]) -> dict[str, int]:
    present = [path for path in paths if (ROOT / path).is_file()]
    return {path: len((ROOT / path).read_text().splitlines()) for path in present}


def main() -> None:
    """Run every check and report all that is wrong."""
    problems = too_long(_count_lines(_git("ls-files", "--", *_SOURCES)))
    problems += [f"{path} is stale: run `make lock`" for path in stale_locks(ROOT)]
    problems += [f"{path} differs from what is committed" for path in _git("diff", "--name-only")]
    problems += [
        f"{path} was generated and is not committed"
        for path in _git("ls-files", "--others", "--exclude-standard", "--", *_GENERATED)
    ]
    if problems:
        raise ExpectedError("\n  ".join(["the tree is not as it should be", *problems]))


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
