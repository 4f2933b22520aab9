"""Takes the Lease, keeps it, and gives it back."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

from agents_operator.engine.outages import OUTAGES
from agents_operator.kubernetes.errors import ConflictError, GoneError
from agents_operator.leadership.fence import Fence
from agents_operator.leadership.lease import Lease, Leases
from agents_operator.leadership.plan import (
    Create,
    Lost,
    Renew,
    Sighting,
    Take,
    Wait,
    plan_candidacy,
    plan_renewal,
)
from agents_operator.leadership.terms import Terms
from agents_operator.startup import explained

RELEASE_SECONDS = 2.0
SHORTEST_PAUSE = 0.05


class Leadership:
    """Whether this replica leads."""

    def __init__(
        self,
        leases: Leases,
        fence: Fence,
        end: Callable[[str], NoReturn],
        *,
        identity: str,
        terms: Terms,
        logger: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`end` is told why, and ends the process at once."""
        self._leases = leases
        self._fence = fence
        self._end = end
        self._identity = identity
        self._terms = terms
        self._logger = logger
        self._clock = clock
        self._seen: Sighting | None = None
        self._why = f"waiting for Lease {leases.name}"

    @property
    def undecided(self) -> str:
        """Why this process neither leads nor stands by yet; empty once it does."""
        return "" if self._fence.leads() or self._seen else self._why

    @property
    def standing(self) -> str:
        """Who leads, for people; empty when this process does."""
        return "" if self._fence.leads() or self._seen is None else f"standby, {self._seen.holder} leads"

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Wait for the Lease, and hold it while the block runs; if it is lost, the process ends."""
        self._held = await self._take()
        holding = asyncio.create_task(self._hold(self._held), name="lease")
        try:
            yield
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)
            await self._release(self._held)

    async def _take(self) -> Lease:
        while True:
            try:
                async with asyncio.timeout(self._terms.attempt):
                    lease = await self._look()
            except OUTAGES as error:
                self._why = f"waiting for Lease {self._leases.name}: {explained(error)}"
                self._logger.warning("%s", self._why)
            else:
                if lease is not None:
                    self._logger.info("Lease %s: %s leads", self._leases.name, self._identity)
                    return lease
            await asyncio.sleep(self._until_next_look())

    def _until_next_look(self) -> float:
        """Look as soon as the Lease runs out, and now and then before, for one that is given back."""
        if self._seen is None:
            return self._terms.pause
        return min(self._terms.pause, max(self._seen.until - self._clock(), SHORTEST_PAUSE))

    async def _look(self) -> Lease | None:
        found = await self._leases.read()
        plan = plan_candidacy(
            found, self._seen, self._identity, duration=self._terms.duration, now=self._clock()
        )
        # Before the request: whoever respects it counts from when it has arrived.
        began = self._clock()
        try:
            match plan:
                case Wait(sighting):
                    self._see(sighting)
                    return None
                case Create():
                    lease = await self._leases.create(self._identity, self._terms.duration)
                case Take(free):
                    lease = await self._leases.take(free, self._identity, self._terms.duration)
        except (ConflictError, GoneError):
            # Somebody was faster.
            return None
        self._fence.open(began + self._terms.deadline)
        return lease

    def _see(self, sighting: Sighting) -> None:
        if self._seen is None or self._seen.holder != sighting.holder:
            self._logger.info(
                "Lease %s: %s stands by, %s leads", self._leases.name, self._identity, sighting.holder
            )
        self._seen = sighting

    async def _hold(self, held: Lease) -> None:
        """Renew until cancelled; end the process when the Lease is lost, or may be."""
        pause = self._terms.pause
        while True:
            await asyncio.sleep(min(pause, max(self._fence.left, 0.0)))
            self._fence.check()
            try:
                async with asyncio.timeout(min(self._terms.attempt, self._fence.left)):
                    held = self._held = await self._renew(held)
                # From when this renewal began: where each takes long, they follow one another at once.
                pause = max(self._fence.left - self._terms.deadline + self._terms.pause, 0.0)
            except OUTAGES as error:
                pause = self._terms.pause / 4
                self._logger.warning(
                    "Lease %s: not renewed, and %.1f s are left: %s",
                    self._leases.name,
                    self._fence.left,
                    explained(error),
                )

    async def _renew(self, held: Lease) -> Lease:
        began = self._clock()
        try:
            renewed = await self._leases.renew(held, self._identity, self._terms.duration)
        except (ConflictError, GoneError):
            plan = plan_renewal(held, await self._leases.read())
            if isinstance(plan, Lost):
                self._end(f"Lease {self._leases.name} is {plan.holder or 'nobody'}'s now")
            began = self._clock()
            renewed = await self._insist(plan)
        self._fence.open(began + self._terms.deadline)
        return renewed

    async def _insist(self, plan: Renew | Create) -> Lease:
        match plan:
            case Renew(lease):
                return await self._leases.renew(lease, self._identity, self._terms.duration)
            case Create():
                return await self._leases.create(self._identity, self._terms.duration)

    async def _release(self, held: Lease) -> None:
        """Give the Lease back; if that fails, it runs out."""
        self._fence.close()
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                # A renewal may have arrived whose answer was lost.
                found = await self._leases.read()
                if found is not None and found.term == held.term:
                    await self._leases.release(found)
        except OUTAGES as error:
            self._logger.warning("Lease %s: not given back: %s", self._leases.name, explained(error))
        else:
            self._logger.info("Lease %s: given back", self._leases.name)
