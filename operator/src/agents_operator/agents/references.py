"""Finds what an Agent refers to in the world as last seen; pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from agents_crds.v1alpha1 import (
    Agent,
    AgentSpec,
    ConditionType,
    ModelProvider,
    Reason,
    ToolDescription,
    WorkerPool,
)
from agents_operator.agents.handoffs import Handoffs, resolve_handoffs
from agents_operator.agents.nearest import nearest_names
from agents_operator.agents.servers import resolve_servers
from agents_operator.agents.standing import Shortfall
from agents_operator.agents.tools import (
    dropped_tools,
    expanded_tools,
    handoff_tools,
    require_sound_tools,
    served_tools,
    tool_place,
)
from agents_operator.engine.conditions import find
from agents_operator.engine.world import World
from agents_operator.errors import Stalled, Waiting
from agents_operator.mistral import ToolDefinition
from agents_operator.pools.contract import lacking

NO_TOOLS = "it offers no tools: does WORKER_MODULES name the modules that have them?"


@dataclass(frozen=True)
class ResolvedRefs:
    """Everything that a spec refers to."""

    provider: ModelProvider
    provider_answers: bool
    """False while it cannot be reached, which is no reason to stop what needs nothing sent."""
    tools: tuple[ToolDefinition, ...]
    handoffs: Handoffs
    shortfalls: tuple[Shortfall, ...]
    """What the Agent does without, of all these."""


def resolve_refs(agent: Agent, world: World, *, retry_interval: timedelta) -> ResolvedRefs:
    """Find what an Agent refers to; raise Waiting or Stalled, about ResolvedRefs, for what is not usable."""
    namespace, spec = agent.metadata.namespace, agent.spec
    provider = _found(
        world.providers.named(namespace, spec.provider_ref.name),
        Reason.PROVIDER_NOT_FOUND,
        f"spec.providerRef names ModelProvider {spec.provider_ref.name}, "
        f"which does not exist in namespace {namespace}",
        retry_interval,
    )
    _require_session_possible(spec, provider)
    answers = provider_answers(provider, retry_interval=retry_interval)
    pool = _found(
        world.pools.named(namespace, spec.worker_pool_ref.name),
        Reason.WORKER_POOL_NOT_FOUND,
        f"spec.workerPoolRef names WorkerPool {spec.worker_pool_ref.name}, "
        f"which does not exist in namespace {namespace}",
        retry_interval,
    )
    _require_to_stay(pool, retry_interval=retry_interval)
    require_tools_known(pool, retry_interval=retry_interval)
    lack = lacking(spec, None, pool)
    if lack is not None:
        raise _waiting(Reason.WORKER_TOO_OLD, lack, after=retry_interval, expected=False)
    functions = resolve_functions(spec, pool, retry_interval=retry_interval)
    servers, without = resolve_servers(agent, world, retry_interval=retry_interval)
    tools = expanded_tools(spec, functions, servers)
    served = served_tools(spec, tools)
    require_sound_tools(served, handoff_tools(spec))
    handoffs = resolve_handoffs(agent, provider, world, retry_interval=retry_interval)
    return ResolvedRefs(
        provider,
        answers,
        tuple(tool.definition for tool in served),
        handoffs,
        (*handoffs.shortfalls, *without, *dropped_tools(spec, tools)),
    )


def _require_session_possible(spec: AgentSpec, provider: ModelProvider) -> None:
    if spec.session == "Local" or provider.spec.protocol == "Mistral":
        return
    raise Stalled(
        Reason.SESSION_NOT_POSSIBLE,
        f"spec.session is Remote, and ModelProvider {provider.metadata.name} keeps no agents, as it speaks "
        f"{provider.spec.protocol} only: set spec.session to Local, or name a ModelProvider of protocol "
        "Mistral in spec.providerRef",
        condition=ConditionType.RESOLVED_REFS,
    )


def provider_answers(provider: ModelProvider, *, retry_interval: timedelta) -> bool:
    """Tell whether a provider answers; raise Waiting while it is not known to, or refuses its key."""
    name = provider.metadata.name
    ready = find(provider.status.conditions, ConditionType.READY)
    if ready is None or ready.status == "Unknown":
        raise _waiting(
            Reason.PROVIDER_NOT_READY,
            f"ModelProvider {name} is being checked",
            after=retry_interval,
            expected=True,
        )
    if ready.status == "True":
        return True
    if ready.reason == Reason.PROVIDER_UNREACHABLE:
        return False
    raise not_ready(provider, after=retry_interval)


def not_ready(provider: ModelProvider, *, after: timedelta) -> Waiting:
    """Wait for a provider that says itself what is wrong with it."""
    ready = find(provider.status.conditions, ConditionType.READY)
    said = f": {ready.reason}: {ready.message}" if ready else ""
    return _waiting(
        Reason.PROVIDER_NOT_READY,
        f"ModelProvider {provider.metadata.name} is not Ready{said}",
        after=after,
        expected=False,
    )


def _require_to_stay(pool: WorkerPool, *, retry_interval: timedelta) -> None:
    """Raise Waiting for a pool that is being deleted: no new run may need its workers."""
    if pool.metadata.deletion_timestamp is not None:
        name = pool.metadata.name
        raise _waiting(
            Reason.WORKER_POOL_NOT_FOUND,
            f"spec.workerPoolRef names WorkerPool {name}, which is being deleted: name another, or create it "
            "again when it is gone",
            after=retry_interval,
            expected=False,
        )


def require_tools_known(pool: WorkerPool, *, retry_interval: timedelta) -> None:
    """Raise Waiting until a worker of the pool has told its tools.

    That no worker answers right now is no reason to wait: runs queue until one does.
    """
    if pool.status.build is not None:
        return
    ready = find(pool.status.conditions, ConditionType.READY)
    said = f": {ready.reason}: {ready.message}" if ready else ""
    raise _waiting(
        Reason.WORKER_POOL_NOT_READY,
        f"no worker of WorkerPool {pool.metadata.name} has told its tools yet{said}",
        after=retry_interval,
        expected=True,
    )


def resolve_functions(
    spec: AgentSpec, pool: WorkerPool, *, retry_interval: timedelta
) -> dict[str, ToolDescription]:
    """Find the functions by their names; raise for the first that the pool does not offer."""
    offered = {tool.name: tool for tool in pool.status.tools}
    found: dict[str, ToolDescription] = {}
    for index, tool in enumerate(spec.tools):
        if tool.function is None:
            continue
        name = tool.function.name
        if name not in offered:
            raise _unknown_tool(index, name, pool, retry_interval)
        found[name] = offered[name]
    return found


def _unknown_tool(index: int, name: str, pool: WorkerPool, retry_interval: timedelta) -> Waiting | Stalled:
    """Choose by whether the pool may be about to offer it."""
    ready = find(pool.status.conditions, ConditionType.READY)
    settled = (
        ready is not None
        and ready.status == "True"
        and (ready.observed_generation or 0) >= pool.metadata.generation
    )
    message = (
        f"{tool_place(index)} names function {name}, which WorkerPool {pool.metadata.name} does not offer"
    )
    if not settled:
        return _waiting(
            Reason.WORKER_POOL_NOT_READY,
            f"{message}; its new build is not in use yet, as its condition Progressing says",
            after=retry_interval,
            expected=True,
        )
    offered = (tool.name for tool in pool.status.tools)
    hint = nearest_names(name, offered, none=NO_TOOLS)
    return Stalled(Reason.TOOL_NOT_FOUND, f"{message}; {hint}", condition=ConditionType.RESOLVED_REFS)


_Kind = TypeVar("_Kind", ModelProvider, WorkerPool)


def _found(stored: _Kind | None, reason: Reason, message: str, after: timedelta) -> _Kind:
    if stored is None:
        raise _waiting(reason, message, after=after, expected=False)
    return stored


def _waiting(reason: Reason, message: str, *, after: timedelta, expected: bool) -> Waiting:
    return Waiting(reason, message, after=after, condition=ConditionType.RESOLVED_REFS, expected=expected)
