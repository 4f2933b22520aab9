"""The end-to-end tests: a cluster with our images, pytest on it, and nothing left behind."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from tools.console import Console
from tools.errors import ExpectedError
from tools.kind import evidence
from tools.kind.claim import claim, give_up
from tools.kind.cluster import cluster_name, down_command
from tools.kind.steps import step
from tools.kind.target import Target, foreign_target
from tools.kind.up import cluster_up, images_up, observe_cluster
from tools.local.kubectl import Kubectl
from tools.parts.catalog import Part
from tools.parts.obtain import obtain_parts
from tools.version import version

# Of their own: tests remove what they find installed.
_CLUSTER = "durable-agents-e2e"
_TEST_SECONDS = 900
_NO_TESTS = 5  # pytest's exit code for it


def run_tests(arguments: Sequence[str], *, keep: bool, environ: Mapping[str, str] = os.environ) -> None:
    """Run tests/e2e; a cluster made for them is deleted afterwards, whatever comes, unless `keep`."""
    console = Console()
    evidence.clear()
    if target := foreign_target(environ, version()):
        console.say(
            f"the cluster of KUBECONFIG={target.kubeconfig}, images {target.prefix}/... of tag {target.tag}"
        )
        with step(console, "kubectl and helm"):
            parts = obtain_parts((Part.KUBECTL, Part.HELM), console, environ)
        kubectl = Kubectl(parts[Part.KUBECTL], target.kubeconfig)
        claim(kubectl, str(target.kubeconfig))
        try:
            _pytest(target, arguments, console, environ)
        finally:
            give_up(kubectl)
        return
    if environ.get("KUBECONFIG"):
        console.say("KUBECONFIG is not used: IMAGES must name pushed images too; tests get a kind cluster")
    cluster = observe_cluster(cluster_name(environ, _CLUSTER), console, environ)
    made = not cluster.exists()
    try:
        try:
            cluster_up(cluster, console, environ)
        except ExpectedError:
            console.say(f"what the pods say goes to {evidence.collect(cluster.kubectl, 'cluster')}")
            raise
        claim(cluster.kubectl, cluster.name)
        _pytest(images_up(cluster, console, environ), arguments, console, environ)
    finally:
        if keep or not made:
            console.say(f"the cluster {cluster.name} stays; `{down_command(cluster.name)}` deletes it")
        else:
            with step(console, f"cluster {cluster.name} deleted"):
                cluster.delete()


def _pytest(target: Target, arguments: Sequence[str], console: Console, environ: Mapping[str, str]) -> None:
    command = (sys.executable, "-m", "pytest", "tests/e2e", f"--timeout={_TEST_SECONDS}", *arguments)
    # Neither a key nor a cluster of the caller's: the stand-in answers, and kubectl finds the tests' cluster.
    kept = {name: value for name, value in environ.items() if not name.startswith("MISTRAL_")}
    given = {**kept, **target.environ(), "KUBECONFIG": str(target.kubeconfig)}
    with step(console, "tests"):
        code = subprocess.run(command, env=given, check=False).returncode
    if code == _NO_TESTS:
        raise ExpectedError(f"no test was picked by {' '.join(arguments)}")
    if code != 0:
        seen = f"; what the pods said is in {evidence.DIRECTORY}" if evidence.DIRECTORY.exists() else ""
        raise ExpectedError(f"end-to-end tests failed{seen}")
