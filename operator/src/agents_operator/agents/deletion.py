"""The end of an Agent: its remote agent goes first, then the finalizer."""

from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import Agent, ModelProvider, Reason, RemoteAgent
from agents_operator.agents.handoffs import referrers
from agents_operator.agents.leave import Leaving
from agents_operator.agents.observe import runs_under_way
from agents_operator.agents.orphans import Orphans
from agents_operator.agents.plan import is_at_another_address
from agents_operator.agents.retire import Retirement
from agents_operator.engine.world import World
from agents_operator.errors import Stalled, Waiting
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import AGENTS
from agents_operator.providers import ProviderAccess

FINALIZER = "durable-agents.dev/remote-agent"
NAMED = 3


class AgentDeletion:
    """Finishes the deletion of Agents."""

    def __init__(
        self,
        world: World,
        api: KubernetesApi,
        providers: ProviderAccess,
        retirement: Retirement,
        orphans: Orphans,
        *,
        leaving: Leaving,
        retry_interval: timedelta,
        timeout: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._world = world
        self._api = api
        self._providers = providers
        self._retirement = retirement
        self._orphans = orphans
        self._leaving = leaving
        self._retry_interval = retry_interval
        self._timeout = timeout
        self._now = now

    async def sync(self, agent: Agent) -> None:
        """Remove what has to be removed and let the Agent go; raise Waiting until that is done."""
        if FINALIZER not in agent.metadata.finalizers:
            return
        provider = self._world.providers.named(agent.metadata.namespace, agent.spec.provider_ref.name)
        left = left_behind(agent, provider) if agent.spec.deletion_policy == "Delete" else ()
        if left:
            require_idle(
                agent, self._world, Reason.DELETING, "is deleted", retry_interval=self._retry_interval
            )
            if not is_overdue(agent, timeout=self._timeout, now=self._now()):
                require_unlinked(agent, self._world, retry_interval=self._retry_interval)
        for each in left:
            await self._remove(agent, each)
        if any(each.create_pending for each in left):
            # It may have gone to a provider that the spec named for a while, and that nothing names now.
            places = frozenset(each.provider or agent.spec.provider_ref.name for each in left)
            await self._leaving.sweep(agent, apart_from=places, keep=frozenset())
        remaining = tuple(name for name in agent.metadata.finalizers if name != FINALIZER)
        # What is stored then is not remembered: the watch may have said already that the Agent is gone.
        await self._api.write_finalizers(AGENTS, agent, remaining)
        self._providers.forget_unused(apart_from=agent)

    async def _remove(self, agent: Agent, left: RemoteAgent) -> None:
        try:
            await self._retirement.remove(agent, left)
        except (Waiting, Stalled) as early:
            if not is_overdue(agent, timeout=self._timeout, now=self._now()):
                raise still_there(early, retry_interval=self._retry_interval) from early
            await self._orphans.record(agent, left, early.message, now=self._now())


def left_behind(agent: Agent, provider: ModelProvider | None) -> tuple[RemoteAgent, ...]:
    """List what an Agent may have at providers: what is on record, and what an unfinished move made.

    `provider` is the one that the spec names, None when it is gone.
    """
    recorded, name = agent.status.remote, agent.spec.provider_ref.name
    if recorded is None or recorded.external:
        return ()
    moved = recorded.provider not in {None, name} or (
        provider is not None and is_at_another_address(recorded, provider)
    )
    chat_only = provider is not None and provider.spec.protocol != "Mistral"
    if recorded.create_pending and (recorded.id is not None or moved) and not chat_only:
        return (recorded, RemoteAgent(provider=name, create_pending=True))
    return (recorded,)


def require_idle(agent: Agent, world: World, reason: Reason, what: str, *, retry_interval: timedelta) -> None:
    """Raise Waiting while runs that have started use the remote agent; `what` says what happens then."""
    runs = runs_under_way(agent, world)
    if not runs:
        return
    names = _named(runs)
    raise Waiting(
        reason,
        f"the remote agent {what} when {len(runs)} unfinished run{'' if len(runs) == 1 else 's'} "
        f"of this Agent end{'s' if len(runs) == 1 else ''}: {names}",
        after=retry_interval,
        expected=True,
    )


def require_unlinked(agent: Agent, world: World, *, retry_interval: timedelta) -> None:
    """Raise Waiting while other remote agents hand off to this one: each is unlinked by its own Agent."""
    others = referrers(agent, world)
    if others:
        raise Waiting(
            Reason.DELETING,
            "the remote agent is deleted when those of other Agents no longer hand off to it: "
            f"{_named(others)}",
            after=retry_interval,
            expected=True,
        )


def is_overdue(agent: Agent, *, timeout: timedelta, now: datetime) -> bool:
    """Tell whether the deletion was asked for so long ago that the remote agent is given up."""
    asked = agent.metadata.deletion_timestamp
    return asked is not None and now - asked >= timeout


def still_there(early: Waiting | Stalled, *, retry_interval: timedelta) -> Waiting:
    """Wait on whatever stands in the way of a deletion: nobody will correct the spec of what is going."""
    after = max(early.after, retry_interval) if isinstance(early, Waiting) else retry_interval
    return Waiting(early.reason, f"the remote agent cannot be deleted yet: {early.message}", after=after)


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
