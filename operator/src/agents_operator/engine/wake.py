"""Who has to be reconciled when something changes: the object itself, and those that depend on it."""

from collections.abc import Iterable
from dataclasses import dataclass

from agents_crds.v1alpha1 import (
    Agent,
    AgentRun,
    MCPServer,
    ModelProvider,
    StoredObject,
    TemporalConnection,
    WorkerPool,
)
from agents_operator.engine.index import Index
from agents_operator.engine.offers import (
    agent_offer,
    awaits_agents,
    handoff_target,
    has_prompt_of,
    held_agents,
    mcp_server_offer,
    pool_access,
    pool_offer,
    pool_use,
    provider_offer,
    refresh_time,
    uses_server,
)
from agents_operator.engine.queue import WorkQueue
from agents_operator.engine.world import Key, Listener, World
from agents_operator.temporal.places import connection_of


@dataclass(frozen=True)
class Queues:
    """The work queue of each kind."""

    agents: WorkQueue[Key]
    runs: WorkQueue[Key]
    providers: WorkQueue[Key]
    pools: WorkQueue[Key]
    scaling: WorkQueue[Key]
    """Pools, of which the number of workers follows the work."""
    mcp_servers: WorkQueue[Key]
    temporal_connections: WorkQueue[Key]

    @property
    def all(self) -> tuple[WorkQueue[Key], ...]:
        """The queues of all kinds."""
        return (
            self.agents,
            self.runs,
            self.providers,
            self.pools,
            self.scaling,
            self.mcp_servers,
            self.temporal_connections,
        )


class Wake(Listener):
    """Adds keys to the queues as the world changes, of which it has to hear from the beginning."""

    def __init__(self, world: World, queues: Queues) -> None:
        self._world = world
        self._queues = queues
        self._referrers = Index()
        """The Agents that hand off to others."""
        self._waiting, self._followers = Index(), Index()
        """The runs that were not started, maybe ten thousand: by their Agents, by the runs they continue."""

    def agent_changed(self, old: Agent | None, new: Agent | None) -> None:
        """Wake the Agent, those that hand off to it or kept it from being deleted, and who waits for it."""
        if new is not None and asks_for_work(old, new):
            self._queues.agents.add(Key.of(new))
        agent = new or old
        if agent is None:
            return
        self._referrers.update(Key.of(agent), mentioned_agents(old), mentioned_agents(new))
        if handoff_target(old) != handoff_target(new):
            self._wake_referrers(agent)
        if old is not None and held_agents(old) != held_agents(new):
            self._wake_deleted(agent.metadata.namespace, held_agents(old))
        if pool_use(old) != pool_use(new):
            self._wake_awaiting_pool(agent)
        if agent_offer(old) != agent_offer(new):
            self._wake_runs(agent.metadata.namespace, (agent,))

    def run_changed(self, old: AgentRun | None, new: AgentRun | None) -> None:
        """Wake the run when it comes, is being deleted, or went without an outcome; and a deleted Agent."""
        run = new or old
        if run is None:
            return
        self._waiting.update(Key.of(run), awaited_agent(old), awaited_agent(new))
        self._followers.update(Key.of(run), continued_run(old), continued_run(new))
        gone = new is None and old is not None and not old.status.finished
        if gone or (new is not None and asks_for_work(old, new)):
            self._queues.runs.add(Key.of(run))
        if new is None or new.status.finished:
            reachable = (each.name for each in run.status.agents)
            self._wake_deleted(run.metadata.namespace, {run.spec.agent_ref.name, *reachable})
            self._wake_deleted_pools(run.metadata.namespace)
            self._wake_followers(run)

    def provider_changed(self, old: ModelProvider | None, new: ModelProvider | None) -> None:
        """Wake the provider, the Agents that use it, the pools that mount its key, and who waits for it."""
        if new is not None and asks_for_work(old, new):
            self._queues.providers.add(Key.of(new))
        provider = new or old
        if provider is None or provider_offer(old) == provider_offer(new):
            return
        namespace, name = provider.metadata.namespace, provider.metadata.name
        agents = self._world.agents.within(namespace)
        users = [agent for agent in agents if agent.spec.provider_ref.name == name]
        self._wake_users(namespace, users, runs_too=old is None)
        for pool in self._world.pools.within(namespace):
            self._queues.pools.add(Key.of(pool))

    def pool_changed(self, old: WorkerPool | None, new: WorkerPool | None) -> None:
        """Wake the pool, the Agents whose tools it runs, who waits for it, and the servers that it calls."""
        if new is not None and asks_for_work(old, new):
            self._queues.pools.add(Key.of(new))
        pool = new or old
        if pool is None:
            return
        if pool_access(old) != pool_access(new):
            self._wake_servers(pool)
        if pool_offer(old) == pool_offer(new):
            return
        # What a run itself asks for may need workers of a later contract, whatever its Agent needs.
        runs_too = old is None or (new is not None and old.status.contract != new.status.contract)
        namespace, name = pool.metadata.namespace, pool.metadata.name
        agents = tuple(self._world.agents.within(namespace))
        users = [agent for agent in agents if agent.spec.worker_pool_ref.name == name]
        self._wake_users(namespace, users, runs_too=runs_too)
        if runs_too:
            called = [
                server.metadata.name
                for server in self._world.mcp_servers.within(namespace)
                if server.spec.worker_pool_ref.name == name
            ]
            callers = [agent for agent in agents if any(uses_server(agent, server) for server in called)]
            self._wake_runs(namespace, callers)

    def mcp_server_changed(self, old: MCPServer | None, new: MCPServer | None) -> None:
        """Wake the server, the pools that mount its Secrets, and the Agents that use it."""
        if new is not None and asks_for_work(old, new):
            self._queues.mcp_servers.add(Key.of(new))
        server = new or old
        if server is None:
            return
        namespace, name = server.metadata.namespace, server.metadata.name
        if old is None or new is None or old.spec != new.spec:
            callers = {each.spec.worker_pool_ref.name for each in (old, new) if each is not None}
            for pool in self._world.pools.within(namespace):
                if pool.metadata.name in callers:
                    self._queues.pools.add(Key.of(pool))
        offers_other = mcp_server_offer(old) != mcp_server_offer(new)
        refreshed = refresh_time(old) != refresh_time(new)
        users = [
            agent
            for agent in self._world.agents.within(namespace)
            if (offers_other and uses_server(agent, name)) or (refreshed and has_prompt_of(agent, name))
        ]
        self._wake_users(namespace, users, runs_too=old is None)

    def temporal_connection_changed(
        self, old: TemporalConnection | None, new: TemporalConnection | None
    ) -> None:
        """Wake the connection; who uses it is woken by `temporal_changed`."""
        if new is not None and asks_for_work(old, new):
            self._queues.temporal_connections.add(Key.of(new))

    def temporal_changed(self, key: Key) -> None:
        """Wake a TemporalConnection of which something was found out, its pools, their servers, its runs."""
        self._queues.temporal_connections.add(key)
        pools = [pool for pool in self._world.pools.within(key.namespace) if connection_of(pool) == key.name]
        for pool in pools:
            self._queues.pools.add(Key.of(pool))
            self._wake_servers(pool)
        # Their Agents may have been Ready all the while.
        names = {pool.metadata.name for pool in pools}
        agents = self._world.agents.within(key.namespace)
        self._wake_runs(key.namespace, [each for each in agents if each.spec.worker_pool_ref.name in names])
        for run in self._world.runs.within(key.namespace):
            if run.status.temporal_connection == key.name:
                self._queues.runs.add(Key.of(run))

    def _wake_referrers(self, target: Agent) -> None:
        for key in self._referrers.mentioning(target.metadata.namespace, target.metadata.name):
            self._queues.agents.add(key)

    def _wake_deleted(self, namespace: str, names: Iterable[str]) -> None:
        """Wake those of these Agents that wait for their end."""
        for name in names:
            agent = self._world.agents.named(namespace, name)
            if agent is not None and agent.metadata.deletion_timestamp is not None:
                self._queues.agents.add(Key.of(agent))

    def _wake_deleted_pools(self, namespace: str) -> None:
        """Wake the pools that wait for their end: what needed their workers may have been this run."""
        for pool in self._world.pools.within(namespace):
            if pool.metadata.deletion_timestamp is not None:
                self._queues.pools.add(Key.of(pool))

    def _wake_awaiting_pool(self, agent: Agent) -> None:
        """Wake the pool that runs an Agent's tools if that has kept it from its newest build."""
        pool = self._world.pools.named(agent.metadata.namespace, agent.spec.worker_pool_ref.name)
        if pool is not None and awaits_agents(pool):
            self._queues.pools.add(Key.of(pool))

    def _wake_followers(self, run: AgentRun) -> None:
        """Wake the runs that continue this one, or the same one as this: it is their turn."""
        before = run.spec.continue_from
        for name in {run.metadata.name, *([before.agent_run_ref.name] if before else ())}:
            for key in self._followers.mentioning(run.metadata.namespace, name):
                self._queues.runs.add(key)

    def _wake_servers(self, pool: WorkerPool) -> None:
        for server in self._world.mcp_servers.within(pool.metadata.namespace):
            if server.spec.worker_pool_ref.name == pool.metadata.name:
                self._queues.mcp_servers.add(Key.of(server))

    def _wake_users(self, namespace: str, users: list[Agent], *, runs_too: bool) -> None:
        """Wake Agents when something that they refer to changed.

        When that has just arrived, as everything does in any order after a restart, runs may wait for it
        while the Agent itself has nothing to do and no change of its own would wake them.
        """
        for agent in users:
            self._queues.agents.add(Key.of(agent))
        if runs_too:
            self._wake_runs(namespace, users)

    def _wake_runs(self, namespace: str, agents: Iterable[Agent]) -> None:
        """Wake the runs that wait for one of these Agents, or for one that leads to it by handoffs."""
        if not self._waiting:
            return
        for name in self._referrers.leading_to(namespace, (agent.metadata.name for agent in agents)):
            for key in self._waiting.mentioning(namespace, name):
                self._queues.runs.add(key)


def asks_for_work(old: StoredObject | None, new: StoredObject) -> bool:
    """Tell whether an object changed in a way that is not our own doing: labels and status do not count."""
    if old is None:
        return True
    before, after = old.metadata, new.metadata
    return (before.generation, before.deletion_timestamp) != (after.generation, after.deletion_timestamp)


def mentioned_agents(agent: Agent | None) -> frozenset[str]:
    """Name the Agents that an Agent is to hand off to, and those that its remote agent does hand off to."""
    if agent is None:
        return frozenset()
    recorded = agent.status.remote
    linked = (link.name for link in recorded.handoffs) if recorded else ()
    return frozenset((*(handoff.agent_ref.name for handoff in agent.spec.handoffs), *linked))


def awaited_agent(run: AgentRun | None) -> frozenset[str]:
    """Name the Agent of a run that was not started."""
    if run is None or run.status.workflow_id is not None:
        return frozenset()
    return frozenset((run.spec.agent_ref.name,))


def continued_run(run: AgentRun | None) -> frozenset[str]:
    """Name the run that a run continues which was not started."""
    if run is None or run.status.workflow_id is not None or run.spec.continue_from is None:
        return frozenset()
    return frozenset((run.spec.continue_from.agent_run_ref.name,))
