"""Brings one remote agent to its spec: observe, plan, apply, record."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import Agent, EventReason, ModelProvider, Reason, RemoteAgent
from agents_operator.agents.apply import apply_agent
from agents_operator.agents.definition import DesiredAgent
from agents_operator.agents.deletion import require_idle
from agents_operator.agents.leave import Leaving
from agents_operator.agents.observe import observe_remote, search_remote
from agents_operator.agents.plan import (
    Action,
    Create,
    Elsewhere,
    Here,
    Keep,
    Nowhere,
    Place,
    Update,
    is_interrupted_move,
    place,
    plan_agent,
)
from agents_operator.agents.record import Record
from agents_operator.agents.standing import Standing
from agents_operator.agents.status import fenced_status, recorded_agent
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENTS
from agents_operator.mistral import MistralAgent, MistralAgents
from agents_operator.providers.explain import explained


@dataclass(frozen=True)
class Target:
    """What the remote agent has to be, and where."""

    desired: DesiredAgent
    provider: ModelProvider
    mistral: MistralAgents
    standing: Standing

    @property
    def name(self) -> str:
        """Name of the ModelProvider."""
        return self.provider.metadata.name


class RemoteSync:
    """Keeps remote agents in step."""

    def __init__(
        self,
        world: World,
        settle: Settle[Agent],
        events: Events,
        record: Record,
        leaving: Leaving,
        *,
        retry_interval: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._settle = settle
        self._events = events
        self._record = record
        self._leaving = leaving
        self._retry_interval = retry_interval
        self._now = now
        self._logger = logger

    async def bring_in_step(self, agent: Agent, target: Target) -> None:
        """Find, make or change the remote agent, record it, and say so; raise Waiting or Stalled if not."""
        recorded = agent.status.remote
        where = place(recorded, target.provider)
        if isinstance(where, Elsewhere) and where.recorded.provider not in {None, target.name}:
            require_idle(
                agent,
                self._world,
                Reason.PROGRESSING,
                f"moves to ModelProvider {target.name}",
                retry_interval=self._retry_interval,
            )
        with explained(target.provider, retry_interval=self._retry_interval):
            remote = await self._observe(where, target)
            if remote is None:
                agent = await self._fence(agent, where, target)
                remote = await self._search(agent, target)
            action = plan_agent(target.desired, recorded, remote)
            applied = await apply_agent(action, target.mistral)
        self._log(agent, action, applied)
        await self._leave(agent, where, recorded, applied, target)
        now_recorded = recorded_agent(applied, target.desired.hash, target.provider, target.standing.linked)
        agent = await self._record.synced(agent, now_recorded, target.standing)
        await self._tell(agent, where, action, applied)

    async def _observe(self, where: Place, target: Target) -> MistralAgent | None:
        match where:
            case Here(_, agent_id):
                return await observe_remote(agent_id, target.desired.identity, target.mistral)
            case Nowhere() | Elsewhere():
                return None

    async def _fence(self, agent: Agent, where: Place, target: Target) -> Agent:
        """Announce a create request, by a write that fails when somebody else wrote the Agent.

        One that is on record already needs no other: it is searched for before the next is sent.
        """
        status = fenced_status(agent, where, target.provider, now=self._now())
        return await self._settle.write(agent, status)

    async def _search(self, agent: Agent, target: Target) -> MistralAgent | None:
        """Find what an earlier create request made; of several, all but one go."""
        found = await search_remote(target.desired.identity, agent.metadata.uid, target.mistral)
        for spare in found[1:]:
            await target.mistral.delete(spare.id)
            self._logger.warning("agent %s: deleted a second remote agent %s", Key.of(agent), spare.id)
        return found[0] if found else None

    async def _leave(
        self,
        agent: Agent,
        where: Place,
        recorded: RemoteAgent | None,
        applied: MistralAgent,
        target: Target,
    ) -> None:
        """Remove what a move leaves behind, before the new agent takes the old one's place on record."""
        if isinstance(where, Elsewhere):
            await self._leaving.leave(agent, where.recorded, keep=frozenset({applied.id}))
        if recorded is not None and is_interrupted_move(recorded, where):
            places = frozenset({target.name, recorded.provider or target.name})
            ids = frozenset({applied.id, recorded.id or applied.id})
            await self._leaving.sweep(agent, apart_from=places, keep=ids)

    def _log(self, agent: Agent, action: Action, applied: MistralAgent) -> None:
        match action:
            case Create():
                done = "made"
            case Update(drifted=True):
                done = "corrected"
            case Update():
                done = "updated"
            case Keep():
                return
        self._logger.info("agent %s: %s %s, version %d", Key.of(agent), done, applied.id, applied.version)

    async def _tell(self, agent: Agent, where: Place, action: Action, applied: MistralAgent) -> None:
        match where, action:
            case Here(_, gone), _ if gone != applied.id:
                reason = EventReason.REMOTE_AGENT_RECREATED
                note = f"remote agent {gone} is gone, or somebody else's; {applied.id} takes its place"
            case _, Update(remote=before, drifted=True):
                reason = EventReason.DRIFT_CORRECTED
                note = (
                    f"somebody else changed remote agent {applied.id} (version {before.version}); "
                    f"version {applied.version} is as the spec says again"
                )
            case _:
                return
        await self._events.post(AGENTS, agent, "Warning", reason, note, action="Reconcile")
