"""A leader whose renewals take long."""

import asyncio
import logging
from typing import NoReturn

from agents_operator.leadership import Fence, Leadership, Leases, Terms
from agents_operator.leadership.lease import Lease
from tests.unit.operator.leadership.clock import EndedError


class SlowLeases(Leases):
    """A Lease of which each renewal takes a while, on the way or in a process that has much to do."""

    takes = 1.7
    renewals = 0

    def __init__(self) -> None:
        """Need no API server."""
        self.name = "durable-agents-tests"

    async def read(self) -> Lease | None:
        return None

    async def create(self, holder: str, duration: int) -> Lease:
        assert (holder, duration) == ("one", 6)
        return Lease.model_validate({"metadata": {"uid": "u", "resourceVersion": "1"}})

    async def renew(self, lease: Lease, holder: str, duration: int) -> Lease:
        assert (holder, duration) == ("one", 6)
        await asyncio.sleep(self.takes)
        self.renewals += 1
        return lease

    async def release(self, lease: Lease) -> None:
        raise AssertionError(f"there is none: {lease}")


async def test_leader_whose_renewals_take_long_makes_no_pause_between_them() -> None:
    ended, leases = list[str](), SlowLeases()

    def end(why: str) -> NoReturn:
        ended.append(why)
        raise EndedError(why)

    # Twice that and the pause of 0.8 s would be more than the 4 s that the holder has.
    leadership = Leadership(
        leases, Fence(end), end, identity="one", terms=Terms(6), logger=logging.getLogger("tests")
    )
    async with leadership.held():
        await asyncio.sleep(3 * leases.takes + 1.5)
    assert (ended, leases.renewals) == ([], 3)
