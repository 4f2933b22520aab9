"""Which pools are looked at as soon as something changes."""

from agents_crds.v1alpha1 import AgentRun, WorkerPool
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, Listener, World


class WakeScaling(Listener):
    """Has a pool scaled when it or its builds change, and one that sleeps when a run is started on it."""

    def __init__(self, world: World, queue: WorkQueue[Key]) -> None:
        self._world = world
        self._queue = queue

    def run_changed(self, old: AgentRun | None, new: AgentRun | None) -> None:
        """Wake the pool of a run that was started just now: the next look may be seconds away."""
        if new is None or new.status.finished or not _is_started(new) or (old and _is_started(old)):
            return
        namespace = new.metadata.namespace
        agent = self._world.agents.named(namespace, new.spec.agent_ref.name)
        if agent is None:
            return
        pool = self._world.pools.named(namespace, agent.spec.worker_pool_ref.name)
        if pool is not None and pool.spec.is_autoscaled and pool.is_asleep:
            self._queue.add(Key.of(pool))

    def pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        """Look at a pool that came, changed or went."""
        pool = new or old
        if pool is not None and _decides(old) != _decides(new):
            self._queue.add(Key.of(pool))


def _is_started(run: AgentRun) -> bool:
    return run.status.workflow_id is not None


def _decides(pool: WorkerPool | None) -> object:
    if pool is None:
        return None
    return pool.metadata.generation, pool.metadata.deletion_timestamp, pool.status.build
