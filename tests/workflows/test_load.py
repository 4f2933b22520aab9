"""How much there is to do for a pool, as a real Temporal server tells."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from agents_crds.contract.names import AGENT_RUN_WORKFLOW, STATE_ATTRIBUTE, WAITING_STATE
from agents_operator.temporal.errors import TemporalUnreachableError
from agents_operator.temporal.load import OpenRuns, WorkLoads
from tests.workflows.temporal import make_current, temporal_server

STATE = SearchAttributeKey.for_keyword(STATE_ATTRIBUTE)
COUNTED_WITHIN = 20
"""Seconds: the numbers of a backlog are up to 5 s old."""


@workflow.defn(name=AGENT_RUN_WORKFLOW)
class Waits:
    """A run that waits for its provider, or does not, until it is told to go on."""

    def __init__(self) -> None:
        self._goes_on = False

    @workflow.run
    async def run(self, state: str) -> None:
        """Wait."""
        if state:
            workflow.upsert_search_attributes([STATE.value_set(state)])
        await workflow.wait_condition(lambda: self._goes_on)

    @workflow.signal
    def go_on(self) -> None:
        """End the wait."""
        self._goes_on = True


class Pool:
    """A pool of a Temporal server."""

    def __init__(self, client: Client) -> None:
        self.name = f"pool-{uuid.uuid4()}"
        self.queue, self.client = f"inst/team/pools/{self.name}", client
        self.loads = WorkLoads(client, state_attribute=True)

    def version(self, build: str) -> WorkerDeploymentVersion:
        return WorkerDeploymentVersion(f"inst/team/{self.name}", build)

    @asynccontextmanager
    async def serving(self, build: str) -> AsyncIterator[None]:
        """Let a worker of a build work, to which new runs go, for the length of the block."""
        worker = Worker(
            self.client,
            task_queue=self.queue,
            workflows=[Waits],
            workflow_runner=UnsandboxedWorkflowRunner(),
            deployment_config=WorkerDeploymentConfig(
                version=self.version(build),
                use_worker_versioning=True,
                default_versioning_behavior=VersioningBehavior.PINNED,
            ),
        )
        async with worker:
            await make_current(self.client, self.version(build).deployment_name, build)
            yield

    async def start(self, name: str, *, throttled: bool = False) -> None:
        await self.client.start_workflow(
            AGENT_RUN_WORKFLOW,
            WAITING_STATE if throttled else "",
            id=f"{self.name}/{name}",
            task_queue=self.queue,
        )

    async def tell(self, name: str) -> None:
        await self.client.get_workflow_handle(f"{self.name}/{name}").signal(Waits.go_on)


async def counted(count: Callable[[], Awaitable[object]], expected: object) -> None:
    """Wait until that is the number."""
    async with asyncio.timeout(COUNTED_WITHIN):
        while True:
            if await count() == expected:
                return
            await asyncio.sleep(0.1)


async def test_runs_of_each_build_are_counted_and_those_that_wait(temporal: Client) -> None:
    pool = Pool(temporal)
    async with pool.serving("b1"):
        await pool.start("one")
        await pool.start("two", throttled=True)
        await counted(lambda: pool.loads.runs(pool.queue, pool.version("b1")), OpenRuns(2, 1))
    async with pool.serving("b2"):
        await pool.start("three")
        await counted(lambda: pool.loads.runs(pool.queue, pool.version("b2")), OpenRuns(1, 0))
    assert await pool.loads.runs(pool.queue, pool.version("b1")) == OpenRuns(2, 1)
    assert await pool.loads.runs(pool.queue) == OpenRuns(3, 1)
    untold = WorkLoads(temporal, state_attribute=False)
    assert await untold.runs(pool.queue) == OpenRuns(3, 0)


async def test_task_of_a_run_counts_for_the_build_whose_workers_are_gone(temporal: Client) -> None:
    pool = Pool(temporal)
    async with pool.serving("b1"):
        await pool.start("one", throttled=True)
        await counted(lambda: pool.loads.runs(pool.queue, pool.version("b1")), OpenRuns(1, 1))
    assert await pool.loads.backlog(pool.version("b1"), pool.queue) == 0
    await pool.tell("one")
    await counted(lambda: pool.loads.backlog(pool.version("b1"), pool.queue), 1)


async def test_tasks_of_the_queue_count_for_a_build_that_no_worker_has_polled_for(temporal: Client) -> None:
    pool = Pool(temporal)
    assert await pool.loads.backlog(pool.version("b1"), pool.queue) == 0
    await pool.start("one")
    await pool.start("two")
    await counted(lambda: pool.loads.backlog(pool.version("b1"), pool.queue), 2)
    assert await pool.loads.runs(pool.queue) == OpenRuns(2, 0)
    # As for a pool that sleeps on a server that has lost everything.
    await make_current(temporal, pool.version("b1").deployment_name, "b1")
    await pool.start("three")
    await counted(lambda: pool.loads.backlog(pool.version("b1"), pool.queue), 3)


async def test_server_that_is_away_is_told_from_one_without_work() -> None:
    async with temporal_server() as client:
        pool = Pool(client)
        assert await pool.loads.runs(pool.queue) == OpenRuns()
    with pytest.raises(TemporalUnreachableError):
        await pool.loads.runs(pool.queue)
    with pytest.raises(TemporalUnreachableError):
        await pool.loads.backlog(pool.version("b1"), pool.queue)
