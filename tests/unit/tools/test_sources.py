"""When code counts as edited."""

from pathlib import Path

import pytest

from tools.local.sources import module_sources, sources_version


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "mytools.py").write_text("A = 1\n")
    package = tmp_path / "team" / "tools"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "rates.py").write_text("B = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("modules", "found"),
    [
        (["mytools"], ["mytools.py"]),
        (["team.tools.rates"], ["team/tools/rates.py"]),
        (["team.tools"], ["team/tools"]),
        ([" mytools", "team.tools "], ["mytools.py", "team/tools"]),
        (["missing"], []),
        (["team"], []),
    ],
)
def test_code_of_a_module_is_its_file_or_its_package(
    tree: Path, modules: list[str], found: list[str]
) -> None:
    assert module_sources(modules, [tree]) == [tree / place for place in found]


@pytest.mark.parametrize("edited", ["mytools.py", "team/tools/rates.py"])
def test_edit_is_another_version(tree: Path, edited: str) -> None:
    places = [tree / "mytools.py", tree / "team" / "tools"]
    before = sources_version(*places)
    assert sources_version(*places) == before
    (tree / edited).write_text("C = 22\n")
    assert sources_version(*places) != before
