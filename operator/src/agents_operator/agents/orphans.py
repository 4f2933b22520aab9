"""Remote agents that could not be deleted, recorded where an administrator finds them."""

import hashlib
import logging
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from agents_crds.v1alpha1 import Agent, EventReason, RemoteAgent
from agents_crds.v1alpha1.fields import Time
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.configmaps import ConfigMaps
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
    """None when the ModelProvider was gone."""
    why: str
    when: Time

    @property
    def key(self) -> str:
        """Key in the ConfigMap, the same each time this one is recorded."""
        digest = hashlib.sha256(repr((self.uid, self.provider, self.remote_id)).encode()).hexdigest()[:16]
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
        """Record what `recorded` speaks of; doing it again changes nothing but the time."""
        namespace, name = agent.metadata.namespace, agent.metadata.name
        provider = self._world.providers.named(namespace, recorded.provider or agent.spec.provider_ref.name)
        orphan = Orphan(
            installation=self._installation,
            namespace=namespace,
            name=name,
            uid=agent.metadata.uid,
            remote_id=recorded.id,
            provider=recorded.provider,
            provider_url=provider.spec.url if provider else None,
            why=why,
            when=now,
        )
        await self._configmaps.put(CONFIGMAP, orphan.key, orphan.model_dump_json())
        what = f"remote agent {recorded.id}" if recorded.id else "a remote agent that may have been made"
        self._logger.warning("agent %s: left %s behind: %s", Key.of(agent), what, why)
        await self._events.post(
            AGENTS,
            agent,
            "Warning",
            EventReason.REMOTE_AGENT_ORPHANED,
            f"{what} was not deleted and is recorded in ConfigMap {CONFIGMAP}: {why}",
            action="Delete",
        )
