"""Who is listed anew when a worker tells that a server's lists have changed."""

import dataclasses
import logging
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from agents_crds.contract.mcp import McpServerChanged
from agents_crds.contract.names import RunIdentity, mcp_workflow_id
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World
from agents_operator.mcpservers.changed import McpServerChanges
from agents_operator.temporal.places import OWN, Place
from tests.unit.operator.engine.driving import driven, until_idle
from tests.unit.operator.objects import mcp_server, pool

FORGED = McpServerChanged(namespace="team", server="other")


async def listed_after(workflow_id: str, *, place: Place = OWN, leads: bool = True) -> list[str]:
    """Report a change by a workflow of that id; return which servers are reconciled."""
    world, reconciled = World(), list[str]()
    world.pools.see(pool())
    for name in ("maps", "other"):
        world.mcp_servers.see(mcp_server(name))

    async def note(key: Key) -> timedelta | None:
        reconciled.append(key.name)
        return None

    queue = WorkQueue("mcpserver", note, concurrency=1, logger=logging.getLogger("test"))
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, workflow_id=workflow_id)
    changes = McpServerChanges(world, queue, place, "inst", leads=lambda: leads)
    await environment.run(changes.changed, FORGED)
    async with driven(queue):
        await until_idle(queue)
    return reconciled


async def test_server_of_the_calling_workflow_is_listed_whatever_the_input_says() -> None:
    assert await listed_after(mcp_workflow_id("inst", "team", "maps", "changed")) == ["maps"]


async def test_server_that_is_gone_is_none_to_list() -> None:
    assert await listed_after(mcp_workflow_id("inst", "team", "gone", "changed")) == []


async def test_server_that_workers_of_another_temporal_call_is_left_to_who_hears_these() -> None:
    changed = mcp_workflow_id("inst", "team", "maps", "changed")
    with pytest.raises(ApplicationError, match="no worker of TemporalConnection eu listens") as refused:
        await listed_after(changed, place=Place("team", "eu"))
    assert not refused.value.non_retryable


async def test_replica_that_stands_by_leaves_it_to_the_one_that_leads() -> None:
    with pytest.raises(ApplicationError, match="stands by") as refused:
        await listed_after(mcp_workflow_id("inst", "team", "maps", "changed"), leads=False)
    assert not refused.value.non_retryable


@pytest.mark.parametrize(
    "workflow_id",
    [
        mcp_workflow_id("neighbours", "team", "maps", "changed"),
        RunIdentity("inst", "team", "mcp").workflow_id,
        "inst/team/probes/maps/changed",
        "anything",
    ],
)
async def test_workflow_that_is_about_no_server_of_ours_is_refused(workflow_id: str) -> None:
    with pytest.raises(ApplicationError, match="belongs to no MCPServer of inst") as refused:
        await listed_after(workflow_id)
    assert refused.value.non_retryable
