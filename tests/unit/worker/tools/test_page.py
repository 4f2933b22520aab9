"""The page for the authors of tools: its code runs as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agents_crds.v1alpha1 import WorkerPool
from agents_crds.v1alpha1.fields import JsonSchema
from agents_worker.tools.offer import load_tools
from tests.page import PAGE, modules_of_the_page
from tools.parts.catalog import ROOT


@pytest.fixture
def modules(tmp_path: Path) -> dict[str, Path]:
    return modules_of_the_page(tmp_path)


def test_every_tool_of_the_page_is_offered(
    modules: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    offers = load_tools(name for name in modules if not name.startswith("test_")).catalogue().tools
    assert {offer.name: sorted(properties(offer.parameters)) for offer in offers} == {
        "get_balance": ["account"],
        "import_statements": ["folder"],
        "pay": ["account", "cents"],
        "quote_transfer": ["amount", "payee", "speed"],
        "sign_order": ["order"],
    }


def properties(schema: JsonSchema) -> list[str]:
    found = schema["properties"]
    assert isinstance(found, dict)
    return list(found)


def test_tests_of_the_page_pass(modules: dict[str, Path], tmp_path: Path) -> None:
    tests = [str(path) for name, path in modules.items() if name.startswith("test_")]
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        *tests,
    )
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^3 passed", done.stdout, re.MULTILINE)


def test_packages_of_the_page_are_those_of_the_example() -> None:
    shown = re.search(r"^```dockerfile\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    assert shown is not None
    dockerfile = (ROOT / "examples" / "python-tool" / "Dockerfile").read_text()
    lines = [line for line in shown[1].splitlines() if not line.startswith("ARG")]
    assert set(lines) <= set(dockerfile.splitlines())


def test_pool_of_the_page_is_one() -> None:
    [text] = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    assert WorkerPool.model_validate({**yaml.safe_load(text), "status": {}}).metadata.name == "bank"
