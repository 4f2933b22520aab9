"""`python -m tools.kind up|down|e2e`: a kind cluster with our images, and the tests on it.

CLUSTER names it, else it is `durable-agents`, or for tests `durable-agents-e2e`. NODE_IMAGE names an image
for its node; see `python -m tools.images` for IMAGES.
"""

import argparse
import sys

from tools.console import Console, exit_code_of
from tools.containers.docker import Docker
from tools.kind.cluster import cluster_name, nodes
from tools.kind.e2e import run_tests
from tools.kind.up import cluster_up, images_up, observe_cluster
from tools.parts.catalog import ROOT


def up() -> None:
    """Bring up the cluster with our images, and say how to use it."""
    console = Console()
    cluster = observe_cluster(cluster_name(), console)
    cluster_up(cluster, console)
    target = images_up(cluster, console)
    console.show(
        f"\nexport KUBECONFIG={cluster.kubeconfig}\n"
        f"export PATH=$PATH:{ROOT / '.local' / 'bin'} # kubectl and helm, for when you have none\n"
        f"\nThe node has {', '.join(target.images.values())}."
    )


def down() -> None:
    """Delete the cluster; starts no engine and obtains nothing when there is none."""
    console, name, docker = Console(), cluster_name(), Docker()
    if why := docker.refusal():
        console.say(f"no cluster {name}: no engine answers ({why})")
    elif nodes(docker, name):
        observe_cluster(name, console).delete()
        console.say(f"the cluster {name} is deleted")
    else:
        console.say(f"there is no cluster {name}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.kind")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="bring up the cluster with our images")
    commands.add_parser("down", help="delete the cluster")
    e2e = commands.add_parser(
        "e2e", help="run the end-to-end tests; further arguments are pytest's", allow_abbrev=False
    )
    e2e.add_argument("--keep", action="store_true", help="leave the cluster")
    known, rest = parser.parse_known_args()
    if rest and known.command != "e2e":
        parser.error(f"{known.command} takes no {rest[0]}")
    match known.command:
        case "up":
            up()
        case "down":
            down()
        case _:
            run_tests(rest, keep=known.keep)


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
