"""Runs that are gone, or ended before they had a workflow."""

import logging
from datetime import timedelta

import pytest
from temporalio.client import Client

from agents_crds.v1alpha1 import AgentRun
from agents_operator.engine.world import Key, World
from agents_operator.pools.temporal_target import TemporalTarget
from agents_operator.runs.departures import Departures, shall_have_no_workflow
from agents_operator.temporal.servers import TemporalServer, TemporalServers
from tests.unit.operator.kubernetes.scripted import ScriptedServer
from tests.unit.operator.objects import NOW, run

STARTED = "inst/team/u-1"


@pytest.mark.parametrize(
    ("departed", "expected"),
    [
        pytest.param(run(status={"finished": True}), True, id="ended before its start"),
        pytest.param(run(status={"finished": True, "workflowId": STARTED}), False, id="has an outcome"),
        pytest.param(run(status={"workflowId": STARTED}), False, id="goes on"),
        pytest.param(run(), False, id="may still be started"),
    ],
)
def test_only_a_run_that_ended_before_its_start_shall_have_no_workflow(
    departed: AgentRun, *, expected: bool
) -> None:
    assert shall_have_no_workflow(departed) is expected


async def test_run_that_another_replica_finished_is_told_and_its_workflow_left_alone() -> None:
    world = World()
    # Whatever it is asked fails.
    temporal = await Client.connect("127.0.0.1:1", lazy=True)
    target = TemporalTarget("temporal:7233", "agents")
    own = TemporalServer.of(temporal, "inst", target, retention=None, state_attribute=True)
    servers = TemporalServers(own, world.temporal_connections)
    departed, finished = run(status={"workflowId": STARTED, "finished": True}), list[Key]()
    async with ScriptedServer() as server:
        server.will_answer(200, departed.manifest())
        departures = Departures(
            world,
            server.api,
            servers,
            finished.append,
            installation="inst",
            grace=timedelta(),
            now=lambda: NOW,
            logger=logging.getLogger("test"),
        )
        assert await departures.look_into(Key.of(departed)) is None
    assert finished == [Key.of(departed)]
