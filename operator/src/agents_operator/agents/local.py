"""Agents of Local sessions: nothing is kept of them at a provider, and what was kept there goes."""

from datetime import timedelta

from agents_crds.v1alpha1 import Agent, ConditionType, Reason
from agents_operator.agents.deletion import require_idle
from agents_operator.agents.leave import Leaving
from agents_operator.agents.record import Record
from agents_operator.agents.references import ResolvedRefs, not_ready
from agents_operator.agents.standing import Standing
from agents_operator.engine.conditions import is_true
from agents_operator.engine.world import World


class LocalSync:
    """Keeps Agents Ready that live in their runs alone."""

    def __init__(self, world: World, record: Record, leaving: Leaving, *, retry_interval: timedelta) -> None:
        self._world = world
        self._record = record
        self._leaving = leaving
        self._retry_interval = retry_interval

    async def settle(self, agent: Agent, refs: ResolvedRefs, standing: Standing) -> None:
        """Remove what a former session Remote made, and say that runs can start; raise Waiting if not."""
        if not refs.provider_answers and not is_true(agent.status.conditions, ConditionType.READY):
            # One that is away makes no Agent Ready that was not, and stops none that was.
            raise not_ready(refs.provider, after=self._retry_interval)
        own = agent.status.remote
        if own is not None and not own.external:
            require_idle(
                agent, self._world, Reason.PROGRESSING, "is removed", retry_interval=self._retry_interval
            )
            await self._leaving.leave_own(agent, own, refs.provider)
        await self._record.synced(agent, None, standing)
