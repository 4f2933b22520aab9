"""The commands that README tells people to run."""

import re
import subprocess
import sys
from collections.abc import Mapping

from tools.kind.cluster import DEFAULT_NAME
from tools.kind.target import Target
from tools.parts.catalog import ROOT

# Building the images and making a cluster are the longest of them.
_SECONDS = 900
_TRUSTING = (
    "import sys; from tools.containers import base, docker; "
    "print(base.build_base(docker.Docker(), sys.argv[1]))"
)


def commands(heading: str) -> tuple[str, ...]:
    """The shell blocks below a heading of README, as they stand there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.M | re.S)
    assert section, f"README has no heading {heading!r}"
    blocks = tuple(re.findall(r"^```sh\n(.*?)^```", section[1], re.M | re.S))
    assert blocks, f"README has no commands below {heading!r}"
    return blocks


def in_cluster(script: str, target: Target) -> str:
    """README's commands, which name its cluster twice, for another one; `make` takes it from CLUSTER.

    The image that installs a package starts from a copy that trusts what this machine trusts: an index may
    have a root certificate of its own.
    """
    worker = "durable-agents/worker:$version"
    named = {
        "$PWD/.local/kind/kubeconfig ": f"{target.kubeconfig} ",
        f"--name {DEFAULT_NAME} ": f"--name {target.kind} ",
        f"WORKER_IMAGE={worker} ": f'WORKER_IMAGE=$({sys.executable} -c "{_TRUSTING}" {worker}) ',
    }
    for theirs, ours in named.items():
        assert script.count(theirs) == 1, theirs
        script = script.replace(theirs, ours)
    return script


def run(script: str, environ: Mapping[str, str]) -> str:
    """Run commands in one shell from the repository's root, and return what they printed."""
    done = subprocess.run(
        ("bash", "-euo", "pipefail", "-c", script),
        cwd=ROOT,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout
