"""Deletes remote agents at the providers where they are."""

import logging
from datetime import timedelta

from agents_crds.v1alpha1 import Agent, RemoteAgent
from agents_operator.agents.apply import remove_agent, remove_found
from agents_operator.agents.definition import identity_of
from agents_operator.engine.world import Key
from agents_operator.providers import ProviderAccess
from agents_operator.providers.explain import explained


class Retirement:
    """Deletes what an Agent has left at providers."""

    def __init__(
        self,
        providers: ProviderAccess,
        *,
        installation: str,
        retry_interval: timedelta,
        logger: logging.Logger,
    ) -> None:
        self._providers = providers
        self._installation = installation
        self._retry_interval = retry_interval
        self._logger = logger

    async def remove(
        self, agent: Agent, recorded: RemoteAgent, *, keep: frozenset[str] = frozenset()
    ) -> None:
        """Delete the recorded agent, or what a create request that was lost may have made.

        Raises Waiting or Stalled when the provider cannot be asked or refuses.
        """
        opened = await self._providers.open_to_remove(
            agent.metadata.namespace, recorded.provider or agent.spec.provider_ref.name
        )
        provider, mistral = opened.provider, opened.mistral
        identity = identity_of(agent, installation=self._installation)
        with explained(provider, retry_interval=self._retry_interval):
            if recorded.id is None:
                removed = await remove_found(identity, mistral, keep=keep)
            elif recorded.id not in keep:
                removed = await remove_agent(recorded.id, identity, mistral)
            else:
                removed = ()
        for agent_id in removed:
            self._logger.info("agent %s: deleted %s at %s", Key.of(agent), agent_id, provider.metadata.name)
