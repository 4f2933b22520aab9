"""`python -m tools.parts [GROUP]`: obtain the parts of a group and say where each is."""

import argparse
import sys

from tools.console import Console, exit_code_of
from tools.parts.catalog import Group
from tools.parts.obtain import obtain_parts


def main() -> None:
    """Obtain the parts of one group."""
    parser = argparse.ArgumentParser(prog="python -m tools.parts")
    parser.add_argument("group", nargs="?", choices=[*Group], default=Group.LOCAL)
    console = Console()
    for path in obtain_parts(Group(parser.parse_args().group).parts, console).values():
        console.say(str(path))


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
