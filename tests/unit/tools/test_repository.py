import re
import shutil
from pathlib import Path

from tools.checks import too_long
from tools.console import elapsed
from tools.lock import LOCKS, dependencies, digest_of, stale_locks
from tools.parts.catalog import NPM_PACKAGE, ROOT

NPM = NPM_PACKAGE.relative_to(ROOT)

PYPROJECT = """
[project]
name = "x"
version = "{version}"
dependencies = ["{dependency}"]
"""


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def repository(tmp_path: Path) -> Path:
    members = [f"{member}/pyproject.toml" for member in ("crds", "operator", "worker")]
    for path in (*members, *(source for lock in LOCKS for source in lock.sources)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(PYPROJECT.format(version="1", dependency="a"))
    shutil.copytree(NPM_PACKAGE, tmp_path / NPM)
    # Made in this order: a lock depends on those before it.
    for lock in LOCKS:
        (tmp_path / lock.output).write_text(f"a==1\n# made from {digest_of(lock, tmp_path)}\n")
    return tmp_path


def test_lock_is_stale_after_an_edit_of_dependencies_alone(tmp_path: Path) -> None:
    root = repository(tmp_path)
    assert stale_locks(root) == []
    (root / "worker" / "pyproject.toml").write_text(PYPROJECT.format(version="2", dependency="a"))
    assert stale_locks(root) == []
    (root / "worker" / "pyproject.toml").write_text(PYPROJECT.format(version="2", dependency="b"))
    assert stale_locks(root) == [
        "requirements.lock",
        "operator/requirements.lock",
        "worker/requirements.lock",
    ]


def test_lock_of_npm_is_stale_after_an_edit_of_its_dependencies(tmp_path: Path) -> None:
    root = repository(tmp_path)
    package = (root / NPM / "package.json").read_text()
    (root / NPM / "package.json").write_text(package.replace("2026.8.31", "2026.8.18"))
    assert stale_locks(root) == ["tools/parts/npm/package-lock.json"]


def test_locks_of_images_are_stale_once_the_pins_they_take_have_changed(tmp_path: Path) -> None:
    root = repository(tmp_path)
    with (root / "requirements.lock").open() as file:
        mark = file.read().splitlines()[-1]
    (root / "requirements.lock").write_text(f"a==2\n{mark}\n")
    assert stale_locks(root) == [lock.output for lock in LOCKS if lock.constraint == "requirements.lock"]


def test_images_hold_the_versions_that_the_tests_run_with() -> None:
    tested = pins("requirements.lock")
    for lock in LOCKS:
        if lock.constraint:
            shared = {name: version for name, version in pins(lock.output).items() if name in tested}
            assert shared
            assert shared.items() <= tested.items(), lock.output


def test_order_of_tables_does_not_matter_to_the_lock() -> None:
    assert dependencies('[project]\ndependencies = ["a"]\n[tool.ruff]\n') == dependencies(
        '[tool.ruff]\n[project]\ndependencies = ["a"]\n'
    )


def test_lock_files_name_no_registry() -> None:
    for lock in LOCKS:
        assert "://" not in (ROOT / lock.output).read_text(), lock.output
    assert "resolved" not in (NPM_PACKAGE / "package-lock.json").read_text()


def test_long_file_is_named() -> None:
    assert too_long({"a.py": 300, "b.py": 301}) == [
        "b.py has 301 lines, 300 are the most: split it by what it does"
    ]


def test_durations_are_short() -> None:
    assert [elapsed(seconds) for seconds in (3.9, 60, 130)] == ["3s", "1m00s", "2m10s"]
