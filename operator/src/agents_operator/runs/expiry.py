"""Deletes finished runs whose time to live is over."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import AgentRun
from agents_operator.engine.served import Namespaces
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.kubernetes.resources import AGENT_RUNS
from agents_operator.runs.status import EXPIRY_FORMAT

MINUTE = timedelta(minutes=1)
# A run whose minute is just over may still be on its way to the API server.
SLOWEST_WRITE = MINUTE


class RunExpiry:
    """Deletes expired runs, a minute's worth of a namespace in one request."""

    def __init__(
        self,
        api: KubernetesApi,
        namespaces: Namespaces,
        *,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._api = api
        self._namespaces = namespaces
        self._now = now
        self._logger = logger
        self._swept_until: dict[str | None, datetime] = {}

    async def sweep(self) -> None:
        """Delete what has expired since the last sweep; the first one looks at every run with an expiry."""
        until = self._now().replace(second=0, microsecond=0)
        namespaces = self._namespaces()
        # The first sweep of a namespace that is served again looks at every run, too.
        for unserved in self._swept_until.keys() - set(namespaces):
            del self._swept_until[unserved]
        for namespace in namespaces:
            try:
                await self._sweep(namespace, until)
            except ForbiddenError as error:
                # Such as a namespace that is going away: the others still have their runs.
                self._logger.warning("namespace %s: no run expires: %s", namespace or "(all)", error)

    async def _sweep(self, namespace: str | None, until: datetime) -> None:
        swept_until = self._swept_until.get(namespace)
        if swept_until is None:
            await self._delete(namespace, "status.expires!=", until)
        else:
            for minute in minutes_between(swept_until - SLOWEST_WRITE, until):
                await self._delete(namespace, f"status.expires={minute}", until)
        self._swept_until[namespace] = until

    async def _delete(self, served: str | None, selector: str, until: datetime) -> None:
        passed: set[tuple[str, str]] = set()
        async for page in self._api.pages(AGENT_RUNS, namespace=served, field_selector=selector):
            for namespace, minutes in expired(page, until=until).items():
                passed |= {(namespace, minute) for minute in minutes}
        for namespace, minute in sorted(passed):
            await self._api.delete_all(AGENT_RUNS, namespace, field_selector=f"status.expires={minute}")
            self._logger.info("namespace %s: deleted the runs that expired at %s", namespace, minute)


def minutes_between(after: datetime, until: datetime) -> tuple[str, ...]:
    """Name the minutes after one time up to another."""
    count = (until - after) // MINUTE
    return tuple((after + MINUTE * step).strftime(EXPIRY_FORMAT) for step in range(1, count + 1))


def expired(runs: Iterable[AgentRun], *, until: datetime) -> dict[str, set[str]]:
    """Find the minutes of each namespace that have passed; as written, minutes are in the order of time."""
    found: dict[str, set[str]] = defaultdict(set)
    latest = until.strftime(EXPIRY_FORMAT)
    for run in runs:
        minute = run.status.expires
        if minute and minute <= latest:
            found[run.metadata.namespace].add(minute)
    return dict(found)
