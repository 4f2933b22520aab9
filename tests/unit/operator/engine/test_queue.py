import asyncio
import logging
from datetime import timedelta

import pytest

from agents_operator.engine.queue import WorkQueue, backoff, jittered
from tests.unit.operator.engine.driving import DEADLINE, driven, until_idle

SOON = timedelta(milliseconds=10)
NEVER = timedelta(hours=1)


class Work:
    """A reconcile that goes on as the test says, and the queue that drives it."""

    def __init__(self, *, concurrency: int = 2, width: int | None = None) -> None:
        self.queue = WorkQueue[str](
            "test",
            self._reconcile,
            concurrency=concurrency,
            logger=logging.getLogger("test"),
            lane_of=lambda key: key[0],
            width=width,
        )
        self.begun: list[str] = []
        self.at_once: dict[str, int] = {}
        self.delays: dict[str, list[timedelta | None]] = {}
        self.failing: set[str] = set()
        self._active: list[str] = []
        self._gates: dict[str, asyncio.Event] = {}
        self._progress = asyncio.Condition()

    def hold(self, key: str) -> None:
        """Let reconciles of the key wait until it is released."""
        self._gates[key] = asyncio.Event()

    def release(self, key: str) -> None:
        self._gates[key].set()

    async def until_begun(self, *keys: str) -> None:
        """Wait until reconciles have begun, of these keys in this order."""
        async with asyncio.timeout(DEADLINE), self._progress:
            await self._progress.wait_for(lambda: self.begun == list(keys))

    async def _reconcile(self, key: str) -> timedelta | None:
        self._active.append(key)
        self.at_once[key] = max(self.at_once.get(key, 0), self._active.count(key))
        async with self._progress:
            self.begun.append(key)
            self._progress.notify_all()
        try:
            if key in self._gates:
                await self._gates[key].wait()
            if key in self.failing:
                raise RuntimeError("as the test says")
            delays = self.delays.get(key)
            return delays.pop(0) if delays else None
        finally:
            self._active.remove(key)


async def test_key_added_twice_is_reconciled_once() -> None:
    work = Work()
    work.queue.add("a")
    work.queue.add("a")
    async with driven(work.queue):
        await until_idle(work.queue)
    assert work.begun == ["a"]


async def test_key_added_while_it_is_reconciled_is_reconciled_again_and_never_twice_at_once() -> None:
    work = Work(concurrency=4)
    work.hold("a")
    async with driven(work.queue):
        work.queue.add("a")
        await work.until_begun("a")
        work.queue.add("a")
        work.queue.add("a")
        work.release("a")
        await work.until_begun("a", "a")
        await until_idle(work.queue)
    assert work.begun == ["a", "a"]
    assert work.at_once == {"a": 1}


async def test_keys_are_reconciled_side_by_side_up_to_the_concurrency() -> None:
    work = Work(concurrency=2)
    for key in "abc":
        work.hold(key)
        work.queue.add(key)
    async with driven(work.queue):
        await work.until_begun("a", "b")
        assert len(work.queue) == 3
        work.release("a")
        await work.until_begun("a", "b", "c")
        work.release("b")
        work.release("c")
        await until_idle(work.queue)


async def test_key_is_reconciled_after_the_delay_that_its_reconcile_asked_for() -> None:
    work = Work()
    work.delays["a"] = [SOON, None]
    async with driven(work.queue):
        work.queue.add("a")
        await work.until_begun("a", "a")


async def test_key_added_early_is_not_reconciled_again_at_its_later_time() -> None:
    work = Work()
    async with driven(work.queue):
        work.queue.add_after("a", SOON)
        work.queue.add("a")
        work.queue.add_after("later", SOON * 3)
        await work.until_begun("a", "later")


async def test_only_the_latest_time_counts() -> None:
    work = Work()
    async with driven(work.queue):
        work.queue.add_after("a", SOON)
        work.queue.add_after("a", SOON * 2)
        work.queue.add_after("later", SOON * 4)
        await work.until_begun("a", "later")


async def test_key_added_meanwhile_does_not_wait_for_the_delay() -> None:
    work = Work()
    work.hold("a")
    work.delays["a"] = [NEVER, None]
    async with driven(work.queue):
        work.queue.add("a")
        await work.until_begun("a")
        work.queue.add("a")
        work.release("a")
        await work.until_begun("a", "a")


async def test_failing_key_does_not_stop_the_others() -> None:
    work = Work(concurrency=1)
    work.failing = {"bad"}
    async with driven(work.queue):
        work.queue.add("bad")
        work.queue.add("good")
        await work.until_begun("bad", "good")
        await until_idle(work.queue)


async def test_failing_key_is_tried_again_later_and_later_until_it_succeeds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Work()
    async with driven(work.queue):
        for failing in (True, True, False, True):
            work.failing = {"bad"} if failing else set()
            work.queue.add("bad")
            await until_idle(work.queue)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "test bad failed, next attempt in 1 s",
        "test bad failed, next attempt in 2 s",
        "test bad failed, next attempt in 1 s",
    ]


async def test_key_is_not_reconciled_while_something_else_writes_its_object() -> None:
    work = Work()
    async with driven(work.queue):
        async with work.queue.exclusive("a"):
            work.queue.add("a")
            work.queue.add("b")
            await work.until_begun("b")
        await work.until_begun("b", "a")


async def test_writer_waits_for_the_reconcile_that_goes_on() -> None:
    work = Work()
    work.hold("a")
    async with driven(work.queue):
        work.queue.add("a")
        await work.until_begun("a")
        writer = asyncio.create_task(_enter(work, "a"))
        done, _ = await asyncio.wait({writer}, timeout=SOON.total_seconds())
        assert not done
        work.release("a")
        await asyncio.wait_for(writer, DEADLINE)


async def _enter(work: Work, key: str) -> None:
    async with work.queue.exclusive(key):
        return


async def test_writers_of_different_keys_do_not_wait_for_each_other() -> None:
    work = Work()
    async with asyncio.timeout(DEADLINE), work.queue.exclusive("a"), work.queue.exclusive("b"):
        pass


async def test_longest_is_the_time_of_the_oldest_reconcile() -> None:
    work = Work()
    work.hold("a")
    async with driven(work.queue):
        assert work.queue.longest == 0.0
        work.queue.add("a")
        await work.until_begun("a")
        assert 0.0 < work.queue.longest < DEADLINE
        work.release("a")
        await until_idle(work.queue)
    assert work.queue.longest == 0.0


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (1000, 300), (10**6, 300)]
)
def test_pause_doubles_up_to_five_minutes(failures: int, seconds: int) -> None:
    pauses = [backoff(failures).total_seconds() for _ in range(200)]
    assert min(pauses) >= seconds * 0.8
    assert max(pauses) <= seconds * 1.2


def test_objects_touched_together_do_not_stay_together() -> None:
    assert len({jittered(timedelta(minutes=10)) for _ in range(50)}) > 1


async def test_lane_that_is_full_of_what_hangs_holds_up_no_other() -> None:
    work = Work(concurrency=4, width=2)
    for key in ("a1", "a2", "a3"):
        work.hold(key)
        work.queue.add(key)
    for key in ("b1", "b2", "b3"):
        work.queue.add(key)
    async with driven(work.queue):
        await work.until_begun("a1", "a2", "b1", "b2", "b3")
        work.release("a1")
        await work.until_begun("a1", "a2", "b1", "b2", "b3", "a3")
        work.release("a2")
        work.release("a3")
        await until_idle(work.queue)


async def test_lanes_that_are_longer_than_the_queue_is_wide_take_turns() -> None:
    work = Work(concurrency=1, width=1)
    for key in ("a1", "a2", "a3", "b1", "b2"):
        work.queue.add(key)
    async with driven(work.queue):
        await until_idle(work.queue)
    assert work.begun == ["a1", "b1", "a2", "b2", "a3"]


async def test_queue_that_finishes_ends_what_it_is_at_and_takes_up_nothing_more() -> None:
    work = Work(concurrency=1)
    work.hold("a")
    for key in ("a", "b"):
        work.queue.add(key)
    working = asyncio.create_task(work.queue.run())
    await work.until_begun("a")
    finishing = asyncio.create_task(work.queue.finish())
    work.queue.add("a")
    await asyncio.sleep(0)
    assert not finishing.done()
    work.release("a")
    async with asyncio.timeout(DEADLINE):
        await finishing
        await working
    assert work.begun == ["a"]
