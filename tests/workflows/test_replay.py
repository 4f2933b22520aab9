"""Stored histories, which the workflow's code of today must still follow."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    Interceptor,
    Replayer,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle, NondeterminismError

from agents_crds.contract.conversion import PayloadSettings
from agents_worker.workers import WORKFLOWS, sandbox
from tests.workflows.scenes import SCENES

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))
each_history = pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)


class Swapping(Interceptor):
    """Makes a workflow schedule an activity of one type where it would one of another, and the reverse."""

    def __init__(self, one: str, other: str) -> None:
        self._swapped = {one: other, other: one}

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002  # as Temporal calls it
    ) -> type[WorkflowInboundInterceptor]:
        return inbound(self._swapped)


def inbound(swapped: Mapping[str, str]) -> type[WorkflowInboundInterceptor]:
    """Make the class that Temporal makes an instance of for each workflow."""

    class Outbound(WorkflowOutboundInterceptor):
        def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002
            input.activity = swapped.get(input.activity, input.activity)
            return super().start_activity(input)

    class Inbound(WorkflowInboundInterceptor):
        def init(self, outbound: WorkflowOutboundInterceptor) -> None:
            super().init(Outbound(outbound))

    return Inbound


async def replay(path: Path, *interceptors: Interceptor) -> None:
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=sandbox(guarded=True),
        data_converter=PayloadSettings().data_converter(),
        interceptors=interceptors,
    )
    await replayer.replay_workflow(history(path))


def history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"test/ns/{path.stem}", path.read_text())


def test_every_scene_has_a_history() -> None:
    # One of several executions has its number at the end.
    assert {re.sub(r"_\d$", "", path.stem) for path in HISTORIES} == set(SCENES)


@each_history
async def test_a_stored_history_replays(path: Path) -> None:
    await replay(path)


@each_history
async def test_a_workflow_that_has_two_activities_swapped_does_not_replay_it(path: Path) -> None:
    attributes = (each.activity_task_scheduled_event_attributes for each in history(path).events)
    kinds = list(dict.fromkeys(each.activity_type.name for each in attributes if each.activity_type.name))
    with pytest.raises(NondeterminismError, match=kinds[0]):
        await replay(path, Swapping(kinds[0], kinds[1]))
