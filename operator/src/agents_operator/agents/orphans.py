"""Remote agents that could not be deleted, recorded where an administrator finds them."""

import hashlib
import logging
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from agents_crds.v1alpha1 import Agent, EventReason, RemoteAgent
from agents_crds.v1alpha1.fields import Time
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.configmaps import ConfigMaps
from agents_operator.kubernetes.errors import ForbiddenError, GoneError, RejectedError
from agents_operator.kubernetes.events import Events
from agents_operator.kubernetes.resources import AGENTS

CONFIGMAP = "durable-agents-orphans"


class Orphan(BaseModel):
    """One remote agent that is left behind; without an id when it may have been made and never was seen."""

    model_config = ConfigDict(frozen=True)

    installation: str
    namespace: str
    name: str
    uid: str
    remote_id: str | None
    provider: str | None
    provider_url: str | None
    """As recorded, or as the ModelProvider says; None when neither is known."""
    why: str
    when: Time

    @property
    def key(self) -> str:
        """Key in the ConfigMap, the same each time this one is recorded."""
        told_apart = (self.uid, self.provider, self.provider_url, self.remote_id)
        digest = hashlib.sha256(repr(told_apart).encode()).hexdigest()[:16]
        return f"{self.namespace}.{self.name}.{digest}"


class Orphans:
    """Records orphans in a ConfigMap of the operator's namespace, and in an event."""

    def __init__(
        self,
        world: World,
        configmaps: ConfigMaps,
        events: Events,
        *,
        installation: str,
        logger: logging.Logger,
    ) -> None:
        self._world = world
        self._configmaps = configmaps
        self._events = events
        self._installation = installation
        self._logger = logger

    async def record(self, agent: Agent, recorded: RemoteAgent, why: str, *, now: datetime) -> None:
        """Record what `recorded` speaks of; doing it again changes nothing but the time.

        Where it cannot be written the log has it: nobody's deletion waits for room in a ConfigMap.
        """
        namespace, name = agent.metadata.namespace, agent.metadata.name
        provider = self._world.providers.named(namespace, recorded.provider or agent.spec.provider_ref.name)
        orphan = Orphan(
            installation=self._installation,
            namespace=namespace,
            name=name,
            uid=agent.metadata.uid,
            remote_id=recorded.id,
            provider=recorded.provider,
            provider_url=recorded.url or (provider.spec.url if provider else None),
            why=why,
            when=now,
        )
        kept = await self._keep(orphan)
        what = f"remote agent {recorded.id}" if recorded.id else "a remote agent that may have been made"
        self._logger.warning("agent %s: left %s behind: %s", Key.of(agent), what, why)
        await self._events.post(
            AGENTS,
            agent,
            "Warning",
            EventReason.REMOTE_AGENT_ORPHANED,
            f"{what} was not deleted and {kept}: {why}",
            action="Delete",
        )

    async def _keep(self, orphan: Orphan) -> str:
        """Write an orphan down, and say where."""
        record = orphan.model_dump_json()
        where = f"{self._configmaps.namespace}/{CONFIGMAP}"
        try:
            await self._configmaps.put(CONFIGMAP, orphan.key, record)
        except (ForbiddenError, GoneError, RejectedError) as error:
            self._logger.exception(
                "ConfigMap %s cannot be written, so delete this remote agent by hand: %s", CONFIGMAP, record
            )
            return f"could not be recorded in ConfigMap {where} ({error})"
        return f"is recorded in ConfigMap {where}"
