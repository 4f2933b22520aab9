"""`python -m tools.local up|down|demo|status`: the local platform in `.local/`."""

import argparse
import sys
from functools import partial

from tools.console import Console, exit_code_of
from tools.local.demo import demo
from tools.local.down import down
from tools.local.platform import Layout
from tools.local.status import status, where_to_look
from tools.local.up import up
from tools.parts.catalog import ROOT


def main(name: str) -> None:
    """Run one command."""
    layout, console = Layout(ROOT / ".local"), Console()
    match name:
        case "up":
            up(layout, console)
            console.show(where_to_look(layout))
        case "down":
            down(layout, console)
        case "demo":
            demo(layout, console)
        case _:
            status(layout, console)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.local", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "demo", "status"))
    sys.exit(exit_code_of(partial(main, parser.parse_args().command)))
