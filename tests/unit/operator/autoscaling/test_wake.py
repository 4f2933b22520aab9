"""Which pools are looked at at once."""

import logging
from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents_crds.v1alpha1 import AgentRun, WorkerPool
from agents_operator.autoscaling.wake import WakeScaling
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World
from tests.unit.operator.autoscaling.pools import scaled, with_workers
from tests.unit.operator.engine.driving import driven, until_idle
from tests.unit.operator.objects import DELETED, agent, pool, run

STARTED: dict[str, JsonValue] = {"workflowId": "w", "startTime": "2026-03-01T12:00:30Z"}


class Scaled:
    """A world, and which pools it has scaled."""

    def __init__(self, *pools: WorkerPool) -> None:
        self.world = World()
        self.noted: list[str] = []
        self._queue = WorkQueue("scaling", self._note, concurrency=1, logger=logging.getLogger("test"))
        self.world.agents.see(agent())
        for each in pools:
            self.world.pools.see(each)
        self.world.listen(WakeScaling(self.world, self._queue))

    async def woken(self) -> list[str]:
        async with driven(self._queue):
            await until_idle(self._queue)
        noted, self.noted = self.noted, []
        return noted

    async def _note(self, key: Key) -> timedelta | None:
        self.noted.append(key.name)
        return None


@pytest.mark.parametrize(
    ("of", "before", "then", "woken"),
    [
        pytest.param(
            with_workers(scaled(), 0), run(), run(status=STARTED, resourceVersion="2"), True, id="asleep"
        ),
        pytest.param(with_workers(scaled(), 0), None, run(status=STARTED), True, id="asleep, as found"),
        pytest.param(with_workers(scaled(), 1), None, run(status=STARTED), False, id="awake"),
        pytest.param(with_workers(scaled(), 0), None, run(), False, id="not started"),
        pytest.param(
            with_workers(scaled(), 0), None, run(status={**STARTED, "finished": True}), False, id="over"
        ),
        pytest.param(
            with_workers(scaled(), 0),
            run(status=STARTED),
            run(status={**STARTED, "turns": 1}, resourceVersion="2"),
            False,
            id="started before",
        ),
        pytest.param(
            with_workers(pool(replicas=0), 0), None, run(status=STARTED), False, id="a person decides"
        ),
        pytest.param(
            with_workers(scaled(), 0),
            None,
            run(spec={"agentRef": {"name": "other"}}, status=STARTED),
            False,
            id="no such Agent",
        ),
    ],
)
async def test_pool_that_sleeps_wakes_at_once_when_a_run_is_started(
    of: WorkerPool, before: AgentRun | None, then: AgentRun, *, woken: bool
) -> None:
    scaled_world = Scaled(of)
    if before is not None:
        scaled_world.world.runs.see(before)
    await scaled_world.woken()
    scaled_world.world.runs.see(then)
    assert await scaled_world.woken() == (["default"] if woken else [])


@pytest.mark.parametrize(
    ("then", "woken"),
    [
        pytest.param(with_workers(scaled(), 2, resourceVersion="2"), False, id="its status"),
        pytest.param(with_workers(scaled(5), 1, resourceVersion="2", generation=2), True, id="its spec"),
        pytest.param(scaled(), True, id="its build"),
        pytest.param(with_workers(scaled(), 1, deletionTimestamp=DELETED), True, id="it is being deleted"),
    ],
)
async def test_pool_is_scaled_at_once_when_what_decides_has_changed(then: WorkerPool, *, woken: bool) -> None:
    seen = Scaled(with_workers(scaled(), 1))
    assert await seen.woken() == ["default"]
    metadata = then.metadata.model_copy(update={"resource_version": "2"})
    seen.world.pools.see(then.model_copy(update={"metadata": metadata}))
    assert await seen.woken() == (["default"] if woken else [])


async def test_pool_that_is_gone_is_forgotten() -> None:
    seen = Scaled(scaled())
    await seen.woken()
    seen.world.pools.forget(Key.of(scaled()))
    assert await seen.woken() == ["default"]
