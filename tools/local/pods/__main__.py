"""`python -m tools.local.pods`: run the worker Deployments of a cluster as processes of this machine."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from tools.local.environment import python_environment
from tools.local.pods.cluster import connect
from tools.local.pods.process import Places
from tools.local.pods.runner import Runner
from tools.local.tether import Tether
from tools.parts.catalog import ROOT


def main() -> None:
    """Run until SIGTERM or SIGINT; every process that was started ends before this one."""
    parser = argparse.ArgumentParser(prog="python -m tools.local.pods", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="of a user that may read Secrets")
    parser.add_argument("--directory", type=Path, required=True, help="for pid files and secret files")
    parser.add_argument("--logs", type=Path, required=True, help="for the output of the processes")
    parser.add_argument("--stop-seconds", type=float, default=8, help="longest grace at the end")
    arguments = parser.parse_args()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    base = python_environment(os.environ, ROOT)
    # `python` in a worker's command is this interpreter, as in the image.
    base["PATH"] = f"{Path(sys.executable).parent}:{base.get('PATH', os.defpath)}"
    tether = Tether()
    with connect(arguments.kubeconfig) as client:
        runner = Runner(client, Places(arguments.directory, arguments.logs), base, tether)
        runner.run(ending, stop_seconds=arguments.stop_seconds)
    tether.close()


if __name__ == "__main__":
    main()
