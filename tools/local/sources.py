"""Tells whether code that a running process has loaded was edited since."""

import hashlib
from pathlib import Path


def sources_version(*directories: Path) -> str:
    """Changes whenever a Python file below `directories` does; by size and time, for speed."""
    digest = hashlib.sha256()
    for directory in directories:
        for path in sorted(directory.rglob("*.py")):
            stat = path.stat()
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
