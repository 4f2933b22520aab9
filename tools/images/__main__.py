"""`python -m tools.images`: build the images, and with `--push` put them into their registry.

IMAGES is what their names start with (`registry.example.com/team`), BASE_IMAGE what they start from.
"""

import argparse
import sys
from functools import partial

from tools.console import Console, exit_code_of
from tools.containers.engine import find_engine
from tools.images.build import build_images, table


def main(*, push: bool) -> None:
    """Build every image and show the names and sizes."""
    console = Console()
    docker = find_engine(console)
    built = build_images(docker, console)
    console.show(table(built))
    if push:
        for image in built:
            docker.push(image.reference)
            console.say(f"pushed {image.reference}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=__doc__)
    parser.add_argument("--push", action="store_true", help="push them too; IMAGES names the registry")
    sys.exit(exit_code_of(partial(main, push=parser.parse_args().push)))
