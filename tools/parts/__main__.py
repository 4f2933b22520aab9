"""`python -m tools.parts`: obtain every part and say where it is."""

import sys
from dataclasses import astuple

from tools.console import Console, exit_code_of
from tools.parts.obtain import obtain


def main() -> None:
    """Obtain every part."""
    console = Console()
    for path in astuple(obtain(console)):
        console.say(str(path))


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
