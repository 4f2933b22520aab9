"""The order of the tests: those that wait for real servers first, so that the last minutes are not theirs."""

from pathlib import Path

import pytest

_LONGEST_FIRST = ("component", "metrics", "workflows", "mcp", "permissions", "crds")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring the folders with the longest tests forward; the order within a folder stays."""
    tests = config.rootpath / "tests"
    items.sort(key=lambda item: _rank(item.path, tests))


def _rank(path: Path, tests: Path) -> int:
    folder = path.relative_to(tests).parts[0] if path.is_relative_to(tests) else ""
    return _LONGEST_FIRST.index(folder) if folder in _LONGEST_FIRST else len(_LONGEST_FIRST)
