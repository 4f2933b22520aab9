"""Writes down that an Agent is in step, and tells when it serves without something."""

from collections.abc import Callable
from datetime import datetime

from agents_crds.v1alpha1 import Agent, ConditionType, RemoteAgent
from agents_operator.agents.standing import Standing
from agents_operator.agents.status import synced_status
from agents_operator.engine.conditions import find
from agents_operator.engine.settle import Settle
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENTS


class Record:
    """Records the remote agents of Agents."""

    def __init__(self, settle: Settle[Agent], events: Events, *, now: Callable[[], datetime]) -> None:
        self._settle = settle
        self._events = events
        self._now = now

    async def synced(self, agent: Agent, remote: RemoteAgent | None, standing: Standing) -> Agent:
        """Write the status of an Agent whose remote agent is as it has to be, or that needs none.

        Returns what is stored now.
        """
        before = find(agent.status.conditions, ConditionType.DEGRADED)
        stored = await self._settle.write(agent, synced_status(agent, remote, standing, now=self._now()))
        after = find(stored.status.conditions, ConditionType.DEGRADED)
        if after is None or after.status != "True":
            return stored
        if before is None or (before.status, before.reason, before.message) != (
            after.status,
            after.reason,
            after.message,
        ):
            await self._events.post(
                AGENTS, stored, "Warning", after.reason, after.message, action="Reconcile"
            )
        return stored
