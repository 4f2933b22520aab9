"""Tells whether code that a running process has loaded was edited since."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path


def sources_version(*places: Path) -> str:
    """Changes whenever a Python file at or below `places` does; by size and time, for speed."""
    digest = hashlib.sha256()
    for path in (path for place in places for path in _files(place)):
        stat = path.stat()
        digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def module_sources(modules: Iterable[str], search_path: Iterable[Path]) -> list[Path]:
    """Where the code of Python modules is: the file or the package of each that is found."""
    names = [module.strip().replace(".", "/") for module in modules]
    candidates = [
        place for entry in search_path for name in names for place in (entry / f"{name}.py", entry / name)
    ]
    return [place for place in candidates if place.is_file() or (place / "__init__.py").is_file()]


def _files(place: Path) -> Iterator[Path]:
    yield from [place] if place.is_file() else sorted(place.rglob("*.py"))
