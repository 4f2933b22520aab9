"""Watches each namespace for as long as the operator may, whatever becomes of the others."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta

from agents_operator.engine.outages import OUTAGES
from agents_operator.engine.resync import Resync
from agents_operator.engine.served import Served, named, refusal
from agents_operator.engine.watch import WatchEndedError
from agents_operator.kubernetes.access import Access
from agents_operator.kubernetes.errors import GoneError

# A list of nothing is no 404.
NO_KIND = "the cluster lacks a kind of this release: install or upgrade the Helm chart durable-agents-crds"


class Serve:
    """Starts and ends a watch per namespace, or one of all, and notes what is served."""

    def __init__(
        self,
        served: Served,
        access: Access,
        resync: Resync,
        watch: Callable[[str | None], Coroutine[None, None, None]],
        *,
        retry_interval: timedelta,
        review_interval: timedelta,
        logger: logging.Logger,
    ) -> None:
        """Ask anew after `retry_interval` where a right was missing, else after `review_interval`."""
        self._served = served
        self._access = access
        self._resync = resync
        self._watch = watch
        self._retry_interval = retry_interval.total_seconds()
        self._review_interval = review_interval.total_seconds()
        self._logger = logger

    async def run(self) -> None:
        """Do so until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for namespace in self._served.wanted:
                tasks.create_task(self._serve(namespace), name=f"serve {namespace or 'all'}")

    async def _serve(self, namespace: str | None) -> None:
        while True:
            try:
                await self._serve_once(namespace)
            except GoneError:
                self._tell(namespace, f"{named(namespace)} not served: {NO_KIND}")
            except (WatchEndedError, *OUTAGES) as error:
                self._tell(namespace, f"{named(namespace)} not served: {str(error) or type(error).__name__}")
            await asyncio.sleep(self._retry_interval)

    async def _serve_once(self, namespace: str | None) -> None:
        """Watch a namespace until a right is missing; raise what else ends it."""
        if await self._is_refused(namespace):
            return
        # Or a run that the watch brings before its Agent would be told that there is none.
        await self._resync.see_definitions(namespace)
        watching = asyncio.create_task(self._watch(namespace))
        try:
            self._tell(namespace, "")
            while not watching.done():
                await asyncio.wait({watching}, timeout=self._review_interval)
                # A watch outlives an API server that is away.
                with suppress(*OUTAGES):
                    if await self._is_refused(namespace):
                        return
            watching.result()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _is_refused(self, namespace: str | None) -> bool:
        """Ask for the rights; note it and return true when one is missing."""
        why = refusal(namespace, await self._access.missing(namespace))
        if why:
            self._tell(namespace, why)
        return bool(why)

    def _tell(self, namespace: str | None, why: str) -> None:
        if self._served.tell(namespace, why):
            self._logger.log(
                logging.WARNING if why else logging.INFO, why or f"{named(namespace)} being served"
            )
