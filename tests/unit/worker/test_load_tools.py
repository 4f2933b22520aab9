"""Which tools a worker finds in the modules that it is told of."""

from pathlib import Path

import pytest

from agents_crds.contract import CONTRACT
from agents_worker.tools.errors import ToolDefinitionError
from agents_worker.tools.offer import load_tools


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(folder: Path, name: str, *lines: str) -> str:
    (folder / f"{name}.py").write_text("\n".join(("from agents_worker import tool", *lines)))
    return name


def function(name: str) -> str:
    return f"@tool\ndef {name}() -> str:\n    return {name!r}"


def test_tools_of_all_modules_are_offered_by_name(modules: Path) -> None:
    first = write(modules, "first_tools", function("zebra"), "def helper(): ...")
    second = write(
        modules, "second_tools", "from first_tools import zebra", "again = zebra", function("aardvark")
    )
    catalogue = load_tools((first, second)).catalogue()
    assert catalogue.contract == CONTRACT
    assert [tool.name for tool in catalogue.tools] == ["aardvark", "zebra"]


def test_how_a_tool_may_be_called_is_told(modules: Path) -> None:
    lines = ("@tool(polling=True, idempotent=True)", "def look() -> str: ...", function("pay"))
    look, pay = load_tools((write(modules, "options", *lines),)).catalogue().tools
    assert [(look.polling, look.idempotent), (pay.polling, pay.idempotent)] == [(True, True), (False, False)]


def test_no_modules_are_no_tools() -> None:
    assert load_tools(()).catalogue().tools == ()


def test_two_tools_of_one_name_are_refused(modules: Path) -> None:
    names = [write(modules, name, function("same")) for name in ("one_module", "other_module")]
    with pytest.raises(ToolDefinitionError, match=r"one_module\.same and other_module\.same; rename one"):
        load_tools(names)


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        (
            "no_such_module",
            None,
            "no_such_module of WORKER_MODULES cannot be imported .*check its name, PYTHONPATH",
        ),
        (
            "raising_module",
            "1 / 0",
            r"raising_module .*\(ZeroDivisionError, raising_module\.py line 2\); the log",
        ),
        ("broken_module", "def (", r"broken_module .*SyntaxError: .*\(broken_module\.py, line 2\)"),
        ("lacking_module", "\nimport no_pandas", r"No module named 'no_pandas', lacking_module\.py line 3\)"),
        (
            "leaving_module",
            "import sys; sys.exit('bye')",
            r"leaving_module of WORKER_MODULES ends the process .*SystemExit, leaving_module\.py line 2",
        ),
    ],
)
def test_a_module_that_cannot_be_imported_says_what_to_check(
    modules: Path, name: str, line: str | None, says: str
) -> None:
    if line is not None:
        write(modules, name, line)
    with pytest.raises(ToolDefinitionError, match=says):
        load_tools((name,))


@pytest.mark.parametrize(
    "line", ["raise ValueError('token is sk-1')", "import sys; sys.exit('token is sk-1')"]
)
def test_what_a_module_says_where_it_may_hold_anything_is_for_the_log_alone(modules: Path, line: str) -> None:
    name = write(modules, f"telling_module_{len(line)}", line)
    with pytest.raises(ToolDefinitionError) as refused:
        load_tools((name,))
    assert "sk-1" not in str(refused.value)
    assert "sk-1" in str(refused.value.__cause__)
