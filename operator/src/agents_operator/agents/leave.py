"""What an Agent that moved leaves behind at its old provider."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import Agent, ConditionType, ModelProvider, Reason, RemoteAgent
from agents_operator.agents.orphans import Orphans
from agents_operator.agents.plan import is_interrupted_move, place
from agents_operator.agents.retire import Retirement
from agents_operator.engine.conditions import find
from agents_operator.engine.world import Key, World
from agents_operator.errors import Stalled, Waiting


class Leaving:
    """Removes remote agents from providers that Agents have left."""

    def __init__(
        self,
        world: World,
        retirement: Retirement,
        orphans: Orphans,
        *,
        timeout: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._retirement = retirement
        self._orphans = orphans
        self._timeout = timeout
        self._now = now
        self._logger = logger

    async def leave_own(
        self, agent: Agent, own: RemoteAgent, provider: ModelProvider, *, keep: frozenset[str] = frozenset()
    ) -> None:
        """Remove what an Agent has of its own that needs none any more, wherever a move may have made it.

        `provider` is the one that the spec names. Raises Waiting or Stalled.
        """
        await self.leave(agent, own, keep=keep)
        if is_interrupted_move(own, place(own, provider)):
            places = frozenset({own.provider or provider.metadata.name})
            await self.sweep(agent, apart_from=places, keep=keep)

    async def leave(self, agent: Agent, recorded: RemoteAgent, *, keep: frozenset[str] = frozenset()) -> None:
        """Remove the old remote agent, or record it as an orphan when that is not possible.

        Two ModelProviders may speak of one account: then the old agent is the new one, which is to `keep`.
        """
        try:
            await self._retirement.remove(agent, recorded, keep=keep)
        except (Waiting, Stalled) as early:
            if not is_given_up(agent, early, timeout=self._timeout, now=self._now()):
                raise
            await self._orphans.record(agent, recorded, early.message, now=self._now())

    async def sweep(self, agent: Agent, *, apart_from: frozenset[str], keep: frozenset[str]) -> None:
        """Remove what an interrupted move may have made at any other provider of the namespace.

        A provider that cannot be asked now is passed over: nothing says that anything is there.
        """
        for provider in self._world.providers.within(agent.metadata.namespace):
            name = provider.metadata.name
            if name in apart_from or provider.spec.protocol != "Mistral":
                continue
            try:
                await self._retirement.remove(agent, RemoteAgent(provider=name), keep=keep)
            except (Waiting, Stalled) as early:
                self._logger.warning("agent %s: nothing removed at %s: %s", Key.of(agent), name, early)


def is_given_up(agent: Agent, early: Waiting | Stalled, *, timeout: timedelta, now: datetime) -> bool:
    """Tell whether an Agent goes on without the old remote agent being removed.

    A provider that is silent may come back; one that is gone, or refuses, would block the Agent for good.
    """
    if early.reason is not Reason.PROVIDER_UNREACHABLE:
        return True
    ready = find(agent.status.conditions, ConditionType.READY)
    return ready is not None and ready.status == "False" and now - ready.last_transition_time >= timeout
