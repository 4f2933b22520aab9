"""Who has to be reconciled when something changes: the object itself, and those that depend on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from agents_crds.v1alpha1 import Agent, AgentRun, ConditionType, ModelProvider, StoredObject, WorkerPool
from agents_operator.engine.conditions import is_true
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, World


@dataclass(frozen=True)
class Queues:
    """The work queue of each kind."""

    agents: WorkQueue[Key]
    runs: WorkQueue[Key]
    providers: WorkQueue[Key]
    pools: WorkQueue[Key]

    @property
    def all(self) -> tuple[WorkQueue[Key], ...]:
        """The queues of all kinds."""
        return (self.agents, self.runs, self.providers, self.pools)


class Wake:
    """Adds keys to the queues as the world changes."""

    def __init__(self, world: World, queues: Queues) -> None:
        self._world = world
        self._queues = queues

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """Wake the Agent, and the runs that wait for it."""
        if new is not None and asks_for_work(old, new):
            self._queues.agents.add(Key.of(new))
        agent = new or old
        if agent is None:
            return
        if agent_offer(old) != agent_offer(new):
            for run in self._waiting_runs(agent):
                self._queues.runs.add(Key.of(run))

    def run_changed(self, old: AgentRun | None, new: AgentRun | None) -> None:
        """Wake the run when it comes, is being deleted, or went without an outcome; and a deleted Agent."""
        run = new or old
        if run is None:
            return
        gone = new is None and old is not None and not old.status.finished
        if gone or (new is not None and asks_for_work(old, new)):
            self._queues.runs.add(Key.of(run))
        if new is None or new.status.finished:
            agent = self._world.agents.named(run.metadata.namespace, run.spec.agent_ref.name)
            if agent is not None and agent.metadata.deletion_timestamp is not None:
                self._queues.agents.add(Key.of(agent))

    def provider_changed(self, old: ModelProvider | None, new: ModelProvider | None) -> None:
        """Wake the provider, the Agents that use it, the pools that mount its key, and who waits for it."""
        if new is not None and asks_for_work(old, new):
            self._queues.providers.add(Key.of(new))
        provider = new or old
        if provider is None or provider_offer(old) == provider_offer(new):
            return
        namespace, name = provider.metadata.namespace, provider.metadata.name
        for agent in self._world.agents.within(namespace):
            if agent.spec.provider_ref.name == name:
                self._wake_user(agent, runs_too=old is None)
        for pool in self._world.pools.within(namespace):
            self._queues.pools.add(Key.of(pool))

    def pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        """Wake the pool, the Agents whose tools it runs, and who waits for it."""
        if new is not None and asks_for_work(old, new):
            self._queues.pools.add(Key.of(new))
        pool = new or old
        if pool is None or pool_offer(old) == pool_offer(new):
            return
        # What a run itself asks for may need workers of a later contract, whatever its Agent needs.
        runs_too = old is None or (new is not None and old.status.contract != new.status.contract)
        for agent in self._world.agents.within(pool.metadata.namespace):
            if agent.spec.worker_pool_ref.name == pool.metadata.name:
                self._wake_user(agent, runs_too=runs_too)

    def _wake_user(self, agent: Agent, *, runs_too: bool) -> None:
        """Wake an Agent when something that it refers to changed.

        When that has just arrived, as everything does in any order after a restart, its runs may wait for it
        while the Agent itself has nothing to do and no change of its own would wake them.
        """
        self._queues.agents.add(Key.of(agent))
        if runs_too:
            for run in self._waiting_runs(agent):
                self._queues.runs.add(Key.of(run))

    def _waiting_runs(self, agent: Agent) -> Iterator[AgentRun]:
        return (
            run
            for run in self._world.runs.within(agent.metadata.namespace)
            if run.spec.agent_ref.name == agent.metadata.name and run.status.workflow_id is None
        )


def asks_for_work(old: StoredObject | None, new: StoredObject) -> bool:
    """Tell whether an object changed in a way that is not our own doing: labels and status do not count."""
    if old is None:
        return True
    before, after = old.metadata, new.metadata
    return (before.generation, before.deletion_timestamp) != (after.generation, after.deletion_timestamp)


def agent_offer(agent: Agent | None) -> object:
    """What waiting runs see of an Agent."""
    if agent is None:
        return None
    return (
        agent.metadata.uid,
        agent.metadata.generation,
        agent.metadata.deletion_timestamp,
        agent.status.observed_generation,
        agent.status.conditions,
    )


def provider_offer(provider: ModelProvider | None) -> object:
    """What Agents and pools see of a provider."""
    if provider is None:
        return None
    return provider.spec, is_true(provider.status.conditions, ConditionType.READY)


def pool_offer(pool: WorkerPool | None) -> object:
    """What Agents see of a pool."""
    if pool is None:
        return None
    status = pool.status
    ready = is_true(status.conditions, ConditionType.READY)
    return status.build, status.tools, status.contract, ready
