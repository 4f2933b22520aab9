"""Histories of earlier builds, which the workflow's code of today must still follow."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from agents_crds.contract.conversion import PayloadSettings
from agents_worker.workers import WORKFLOWS, sandbox

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def read(path: Path) -> str:
    return path.read_text()


def test_there_are_histories() -> None:
    assert HISTORIES


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_stored_history_replays(path: Path) -> None:
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox(),
        data_converter=PayloadSettings().data_converter(),
    )
    history = WorkflowHistory.from_json(f"test/ns/{path.stem}", read(path))
    await replayer.replay_workflow(history)
