"""What needs the workers of a pool that is being deleted, and what becomes of it; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import Agent, AgentRun, Reason, WorkerPool
from agents_crds.v1alpha1.fields import utc
from agents_operator.engine.offers import uses_server
from agents_operator.engine.world import World
from agents_operator.pools.rollout import named_few
from agents_operator.temporal.messages import Verdict
from agents_operator.temporal.queues import OpenOnQueue

NAMED = 3
SETTLED = timedelta(seconds=3)
"""A run that is being started when its pool is deleted shows by then."""


@dataclass(frozen=True)
class Needed:
    """What needs the workers."""

    here: OpenOnQueue
    """What is on the pool's own queue."""
    runs: tuple[AgentRun, ...]
    """The runs that need them by what is known of their Agents, wherever their workflows are."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing of the kind."""
        return self.here.is_empty and not self.runs


@dataclass(frozen=True)
class Unknown:
    """Nobody can tell."""

    why: str
    for_good: bool
    """Whether that is so until somebody makes what is not there."""


@dataclass(frozen=True)
class LetGo:
    """Let the pool go, and its workers with it."""


@dataclass(frozen=True)
class Stay:
    """Keep both, and say why."""

    message: str


@dataclass(frozen=True)
class EndRuns:
    """End the runs that need the workers, then let the pool go."""

    verdict: Verdict


def plan_deletion(
    pool: WorkerPool,
    needed: Needed | Unknown,
    names: tuple[str, ...],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    namespace_goes: bool,
) -> LetGo | Stay | EndRuns:
    """Choose what to do; `names` are those of the runs, which have `until` to end by themselves.

    The first look was `since`.
    """
    overdue = now >= until
    match needed:
        case Unknown(why, for_good):
            if namespace_goes or (overdue and for_good):
                return LetGo()
            return Stay(f"it cannot be told whether runs still need its workers: {why}")
        case Needed() if needed.is_nothing and (namespace_goes or now - since >= SETTLED):
            return LetGo()
        case Needed() if needed.is_nothing:
            return Stay("nothing is known to need its workers: it goes within seconds")
        case Needed():
            if not (namespace_goes or overdue):
                return Stay(f"{_waits_for(needed, names)}; what goes on at {utc(until):%H:%M:%SZ} is ended")
            late = "its namespace" if namespace_goes else "the time that its runs had to end"
            return EndRuns(
                Verdict(
                    reason=Reason.WORKER_POOL_DELETED,
                    message=f"WorkerPool {pool.metadata.name} was deleted, and {late} is over: the output is "
                    "what was collected",
                )
            )


def runs_needing(pool: WorkerPool, world: World) -> tuple[AgentRun, ...]:
    """Find the runs under way that may call tools of a pool, as their Agents and MCPServers are now."""
    namespace, name = pool.metadata.namespace, pool.metadata.name
    servers = [
        server.metadata.name
        for server in world.mcp_servers.within(namespace)
        if server.spec.worker_pool_ref.name == name
    ]
    agents = {
        agent.metadata.name
        for agent in world.agents.within(namespace)
        if agent.spec.worker_pool_ref.name == name or _uses_any(agent, servers)
    }
    return tuple(
        run
        for run in world.runs.within(namespace)
        if run.status.workflow_id is not None and not run.status.finished and agents & _agents_of(run)
    )


def _uses_any(agent: Agent, servers: Iterable[str]) -> bool:
    return any(uses_server(agent, server) for server in servers)


def _agents_of(run: AgentRun) -> set[str]:
    return {run.spec.agent_ref.name, *(each.name for each in run.status.agents)}


def _waits_for(needed: Needed, names: tuple[str, ...]) -> str:
    others = len(needed.here.loops) + len(needed.here.others)
    parts = (
        f"{_counted(len(names), 'unfinished run')} ({named_few(names, NAMED)})" if names else "",
        _counted(others, "workflow of your own", "workflows of your own") if others else "",
    )
    return f"the workers stay until what needs them has ended: {' and '.join(filter(None, parts))}"


def _counted(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or f'{one}s'}"
