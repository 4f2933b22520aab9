"""The workflows that users bring along in a pool's image."""

from pathlib import Path

import pytest

from agents_worker.tools.errors import ToolDefinitionError
from agents_worker.workers import WORKFLOWS, sandbox
from agents_worker.workflows.own import own_workflows


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def module(folder: Path, name: str, *classes: str, head: str = "") -> str:
    """Write a module with workflows, each as `Class` or as `Class=name in Temporal`."""
    parts = [each.partition("=") for each in classes]
    bodies = "".join(
        f"\n@workflow.defn(name={(name or title)!r})\nclass {title}:\n"
        "    @workflow.run\n    async def run(self) -> None: ...\n"
        for title, _, name in parts
    )
    (folder / f"{name}.py").write_text(f"from temporalio import workflow\n{head}\n{bodies}")
    return name


async def names(*modules: str) -> list[str]:
    return [each.__name__ for each in own_workflows(modules, WORKFLOWS, sandbox())]


async def test_workflows_are_found_beside_whatever_else_is_there(written: Path) -> None:
    head = (
        "from agents_worker import tool\n@tool\ndef add(a: int) -> int:\n    '''Add.'''\n    return a\nN = 1"
    )
    assert await names(module(written, "own_one", "Ask", "Tell", head=head)) == ["Ask", "Tell"]


async def test_one_that_several_modules_have_is_found_once(written: Path) -> None:
    first = module(written, "own_two", "Ask")
    again = module(written, "own_three", head="from own_two import Ask")
    assert await names(first, again) == ["Ask"]


async def test_a_module_without_any_brings_none(written: Path) -> None:
    ours = "from agents_worker.workflows.agent_loop import AgentLoop\nclass Plain: ..."
    assert await names(module(written, "own_four", head=ours)) == []


async def test_two_of_one_name_are_refused_with_a_remedy(written: Path) -> None:
    first, second = module(written, "own_five", "Ask"), module(written, "own_six", "Other=Ask")
    with pytest.raises(
        ToolDefinitionError, match=r"two workflows are named Ask: own_five\.Ask and own_six\.Other"
    ):
        await names(first, second)


async def test_the_name_of_one_of_ours_is_refused(written: Path) -> None:
    with pytest.raises(ToolDefinitionError, match=r"agent_run\.AgentRun and own_seven\.AgentRun"):
        await names(module(written, "own_seven", "AgentRun"))


async def test_one_that_the_sandbox_refuses_is_told_with_a_remedy(written: Path) -> None:
    name = module(written, "own_eight", "Ask", head="import random\nNUMBER = random.random()")
    with pytest.raises(ToolDefinitionError, match=r"workflow own_eight\.Ask .*imports_passed_through"):
        await names(name)
