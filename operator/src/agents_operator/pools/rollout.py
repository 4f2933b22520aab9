"""Which build new runs go to, and which Deployments nothing needs any more; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from agents_crds.contract import SECOND_CONTRACT
from agents_crds.v1alpha1 import Agent, ConditionType, MCPServer, Reason, WorkerPool
from agents_operator.engine.conditions import is_true
from agents_operator.engine.offers import needs_its_tools
from agents_operator.engine.world import World
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.deployments import WorkerDeployment
from agents_operator.pools.contract import needs_of_agent
from agents_operator.pools.observe import ObservedPool
from agents_operator.pools.status import Offer
from agents_operator.temporal.builds import ObservedBuilds

# Agents and whoever else it is up to wake the pool.
HELD = timedelta(minutes=10)
TOOLS_NAMED = 3
AGENTS_NAMED = 2
NAMED = 6


@dataclass(frozen=True)
class Users:
    """Those that a build must do for before new runs go to it."""

    agents: tuple[Agent, ...] = ()
    servers: tuple[MCPServer, ...] = ()


@dataclass(frozen=True)
class Serve:
    """New runs go to the build of the present spec, or are to do so from now on."""

    offer: Offer
    takes_over: bool


@dataclass(frozen=True)
class Hold:
    """New runs stay where they are."""

    because: Waiting | Stalled


def users_of(pool: WorkerPool, world: World) -> Users:
    """Find the Agents that need a pool's tools, and the Ready MCPServers that it calls."""
    namespace, name = pool.metadata.namespace, pool.metadata.name
    return Users(
        tuple(
            agent
            for agent in world.agents.within(namespace)
            if agent.spec.worker_pool_ref.name == name and needs_its_tools(agent)
        ),
        tuple(
            server
            for server in world.mcp_servers.within(namespace)
            if server.spec.worker_pool_ref.name == name
            and is_true(server.status.conditions, ConditionType.READY)
        ),
    )


def plan_rollout(seen: ObservedPool, offer: Offer | Waiting | Stalled, users: Users) -> Serve | Hold:
    """Choose what new runs go to, by what the present build offers."""
    if isinstance(offer, Waiting | Stalled):
        return Hold(offer)
    before = seen.pool.status.build
    if before not in {None, seen.build} and not seen.pool.spec.rollout.force:
        lack = removed_tools(offer, users.agents) or outgrown_contract(offer, users)
        if lack is not None:
            return Hold(_held(lack, seen.build, str(before)))
    return Serve(offer, takes_over=seen.builds.current != seen.build)


@dataclass(frozen=True)
class Lack:
    """What a build does not have, and what is to be done about that."""

    reason: Reason
    what: str
    remedy: str


def removed_tools(offer: Offer, agents: Iterable[Agent]) -> Lack | None:
    """Name the tools that Agents use and a build does not offer, each with those Agents."""
    offered = {tool.name for tool in offer.tools}
    missing: dict[str, list[str]] = {}
    for agent in agents:
        for name in dict.fromkeys(_functions(agent)):
            if name not in offered:
                missing.setdefault(name, []).append(agent.metadata.name)
    if not missing:
        return None
    named = (f"{tool} (of {named_few(missing[tool], AGENTS_NAMED)})" for tool in sorted(missing))
    return Lack(
        Reason.TOOL_REMOVED,
        f"lacks tools that Agents use: {named_few(named, TOOLS_NAMED)}",
        "let the image offer them again, take them out of the Agents",
    )


def outgrown_contract(offer: Offer, users: Users) -> Lack | None:
    """Name those that need workers of a later contract than a build speaks."""
    spoken = offer.contract or 1
    if spoken >= SECOND_CONTRACT:
        return None
    needing = (
        *(f"Agent {agent.metadata.name}" for agent in users.agents if needs_of_agent(agent.spec)),
        *(f"MCPServer {server.metadata.name}" for server in users.servers),
    )
    if not needing:
        return None
    return Lack(
        Reason.WORKER_TOO_OLD,
        f"speaks contract {spoken}, and these need {SECOND_CONTRACT}: {named_few(sorted(needing), NAMED)}",
        "rebuild its image on this release's worker",
    )


def removable(
    older: tuple[WorkerDeployment, ...], builds: ObservedBuilds, replaced: str | None
) -> tuple[WorkerDeployment, ...]:
    """Choose the Deployments of builds that no workflow is, or may yet be, pinned to.

    `replaced` is the build of the pool's status: it stays until the next one has taken its place.
    """
    needed = {*builds.in_use, builds.current, replaced}
    return tuple(deployment for deployment in older if deployment.build not in needed)


def named_few(names: Iterable[str], limit: int) -> str:
    """Name the first of them, and count the others."""
    every = tuple(names)
    more = len(every) - limit
    return ", ".join(every[:limit]) + (f" and {more} more" if more > 0 else "")


def _functions(agent: Agent) -> Iterator[str]:
    return (tool.function.name for tool in agent.spec.tools if tool.function is not None)


def _held(lack: Lack, build: str, before: str) -> Waiting:
    return Waiting(
        lack.reason,
        f"new runs stay with build {before}, for build {build} {lack.what}; {lack.remedy}, or set "
        "spec.rollout.force to true",
        after=HELD,
    )
