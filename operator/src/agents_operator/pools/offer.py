"""What the workers of a pool's present build offer, as one of them tells."""

from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.contract.names import pool_queue, probe_workflow_id
from agents_crds.contract.tools import ToolCatalogue
from agents_crds.v1alpha1 import ConditionType, Reason, WorkerPool
from agents_operator.engine.conditions import find
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.kubernetes.pods import Pods, WorkerPod
from agents_operator.pools.contract import require_codec, require_known_contract
from agents_operator.pools.diagnosis import describing, diagnose
from agents_operator.pools.observe import ObservedPool
from agents_operator.pools.status import Offer, described_offer
from agents_operator.temporal.builds import NoWorkerError, WorkerBuilds

# A starting worker answers within a few seconds; a broken image never does.
FIRST_PROBE = timedelta(seconds=1)
LAST_PROBE = timedelta(seconds=30)


class Offers:
    """Asks workers, and finds out why none answers."""

    def __init__(self, api: KubernetesApi, *, interval: timedelta, now: Callable[[], datetime]) -> None:
        self._pods = Pods(api)
        self._interval = interval
        self._now = now

    async def observe(self, seen: ObservedPool, builds: WorkerBuilds) -> Offer | Waiting | Stalled:
        """Return what the build offers, or why that is not known or no use.

        A pool that sleeps, or wakes, offers what it did before. Raises TemporalUnreachableError.
        """
        if seen.sleeps or seen.wakes(self._now()):
            return slept_offer(seen, look_again=self._interval)
        try:
            catalogue = await self._ask(seen, builds)
            require_known_contract(catalogue)
            require_codec(catalogue, seen.around.temporal.payloads.codec)
            return described_offer(catalogue)
        except (Waiting, Stalled) as early:
            return early

    async def _ask(self, seen: ObservedPool, builds: WorkerBuilds) -> ToolCatalogue:
        installation = seen.around.installation
        namespace, name = seen.pool.metadata.namespace, seen.pool.metadata.name
        probe = probe_workflow_id(installation, namespace, name, seen.build)
        try:
            return await builds.describe_tools(seen.version, pool_queue(installation, namespace, name), probe)
        except NoWorkerError as error:
            pods = await self._observe_pods(namespace, name, seen.build)
            raise no_offer(seen, pods, str(error), now=self._now()) from error

    async def _observe_pods(self, namespace: str, pool: str, build: str) -> tuple[WorkerPod, ...] | None:
        """Read the pods of a build; None when the operator may not."""
        try:
            return await self._pods.of_build(namespace, pool, build)
        except ForbiddenError:
            return None


def slept_offer(seen: ObservedPool, *, look_again: timedelta) -> Offer | Waiting:
    """Return what a build offered before its workers went; it cannot have changed."""
    if seen.pool.status.build == seen.build:
        return Offer(seen.pool.status.contract, seen.pool.status.tools)
    return Waiting(
        Reason.WORKER_NOT_RESPONDING,
        f"spec.replicas is 0: set it to 1, so that a worker of build {seen.build} can tell its tools",
        after=look_again,
    )


def no_offer(
    seen: ObservedPool, pods: tuple[WorkerPod, ...] | None, silence: str, *, now: datetime
) -> Waiting:
    """Say why no worker answers, as its Deployment and its pods tell; `pods` is None where they may not."""
    pool, build = seen.pool, seen.build
    after = probe_pause(silent_since(pool, build, seen.own), now)
    found = diagnose(seen.own, pods or ())
    if found is not None:
        return Waiting(found.reason, found.message, after=after)
    unseen = "; the operator could say more if its role allowed it to list pods there" if pods is None else ""
    look = describing(pool.metadata.namespace, pool.metadata.name, build)
    return Waiting(
        Reason.WORKER_NOT_RESPONDING,
        f"no worker of build {build}: {silence}; if it stays so, this tells why: {look}{unseen}",
        after=after,
        expected=True,
    )


def silent_since(pool: WorkerPool, build: str, own: WorkerDeployment | None) -> datetime | None:
    """Return since when the workers of the build could have answered; None when that is just now."""
    if pool.status.build != build:
        return None if own is None else own.metadata.creation_timestamp
    ready = find(pool.status.conditions, ConditionType.READY)
    return None if ready is None or ready.status != "False" else ready.last_transition_time


def probe_pause(since: datetime | None, now: datetime) -> timedelta:
    """Return when to ask again: soon at first, and ever later the longer nobody answers."""
    return FIRST_PROBE if since is None else min(max((now - since) / 10, FIRST_PROBE), LAST_PROBE)
