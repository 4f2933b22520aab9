#!/usr/bin/env python3
"""A runc for a host whose bounding set lacks CAP_SYS_RESOURCE: asks for it, and for rlimits, in no container.

Docker calls it in place of runc, with runc's arguments. It needs nothing but Python.
"""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

_CAPABILITY = "CAP_SYS_RESOURCE"
_SETS = ("bounding", "effective", "permitted", "inheritable", "ambient")


def strip(spec: object) -> None:
    """Take the capability and every rlimit out of an OCI runtime spec, or of a process's part of it."""
    if isinstance(spec, dict):
        spec.pop("rlimits", None)
        for name, value in spec.items():
            if name in _SETS and isinstance(value, list):
                spec[name] = [capability for capability in value if capability != _CAPABILITY]
            else:
                strip(value)
    elif isinstance(spec, list):
        for value in spec:
            strip(value)


def spec_files(arguments: list[str]) -> list[Path]:
    """The files in which these arguments hand runc a spec: a bundle's, or a process's for `runc exec`."""
    files = []
    for flag, value in pairwise(arguments):
        if flag in {"--bundle", "-b"}:
            files.append(Path(value) / "config.json")
        elif flag in {"--process", "-p"}:
            files.append(Path(value))
    return [file for file in files if file.is_file()]


def main(arguments: list[str]) -> None:
    """Strip what runc is about to read, then become runc."""
    for file in spec_files(arguments):
        spec = json.loads(file.read_text())
        strip(spec)
        file.write_text(json.dumps(spec))
    os.execvp("runc", ("runc", *arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
