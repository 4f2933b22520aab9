"""docs/mistral.md, which says by which test each rule is shown."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "mistral.md").read_text()


def test_every_test_that_the_page_names_is_there() -> None:
    rules = PAGE.partition("## Rules and their tests")[2]
    named = {
        (file, test)
        for file, tests in re.findall(r"`(test_\w+)`: ([\w, ]+)", rules)
        for test in tests.strip().split(", ")
    }
    assert len(named) > 15
    folders = (TESTS / "conformance", TESTS / "workflows")
    code = {path.stem: path.read_text() for folder in folders for path in folder.glob("test_*.py")}
    assert {(file, test) for file, test in named if f"def test_{test}(" not in code.get(file, "")} == set()
