"""Deletes remote agents at the providers where they are."""

import logging
from datetime import timedelta

from agents_crds.v1alpha1 import Agent, Reason, RemoteAgent
from agents_operator.agents.apply import remove_agent, remove_found
from agents_operator.agents.definition import identity_of
from agents_operator.agents.plan import is_at_another_address
from agents_operator.engine.world import Key
from agents_operator.errors import Waiting
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
        """Delete the recorded agent, and what a create request that was lost may have made.

        Raises Waiting or Stalled when the provider cannot be asked or refuses.
        """
        if recorded.id in keep:
            return
        opened = await self._providers.open_to_remove(
            agent.metadata.namespace, recorded.provider or agent.spec.provider_ref.name
        )
        provider, mistral = opened.provider, opened.mistral
        if is_at_another_address(recorded, provider):
            raise Waiting(
                Reason.PROVIDER_NOT_FOUND,
                f"the remote agent is at {recorded.url}, and ModelProvider {provider.metadata.name} is at "
                f"{provider.spec.url} now",
                after=self._retry_interval,
            )
        identity = identity_of(agent, installation=self._installation)
        with explained(provider, retry_interval=self._retry_interval):
            removed = await remove_agent(recorded.id, identity, mistral) if recorded.id else ()
            # A listing may still show what was deleted just now.
            removed += await remove_found(identity, mistral, keep=keep.union(removed))
        for agent_id in removed:
            self._logger.info("agent %s: deleted %s at %s", Key.of(agent), agent_id, provider.metadata.name)
