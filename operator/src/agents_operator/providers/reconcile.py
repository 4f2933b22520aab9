"""Finds out whether a ModelProvider accepts its key."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from agents_crds.v1alpha1 import ConditionType, ModelProvider, ModelProviderStatus, Reason
from agents_operator.engine.conditions import condition, is_true, with_conditions
from agents_operator.engine.queue import jittered
from agents_operator.engine.settle import Settle
from agents_operator.engine.world import Key, World
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mistral import MistralConnections, ProviderUnreachableError
from agents_operator.providers.access import ProviderAccess
from agents_operator.providers.explain import explained, pause


class ProviderReconciler:
    """Reconciles ModelProviders."""

    def __init__(
        self,
        world: World,
        settle: Settle[ModelProvider],
        secrets: Secrets,
        connections: MistralConnections,
        *,
        interval: timedelta,
        retry_interval: timedelta,
        now: Callable[[], datetime],
        logger: logging.Logger,
    ) -> None:
        self.access = ProviderAccess(world, secrets, connections, retry_interval=retry_interval)
        self._settle = settle
        self._interval = interval
        self._retry_interval = retry_interval
        self._now = now
        self._logger = logger

    async def reconcile(self, key: Key) -> timedelta | None:
        """Try one provider's key; return when to try it again."""
        self.access.forget_unused()
        return await self._settle.run(key, self._sync)

    async def _sync(self, provider: ModelProvider) -> timedelta | None:
        if provider.metadata.deletion_timestamp is not None:
            return None
        server = await self.access.open_to_check(provider)
        with explained(provider, retry_interval=self._retry_interval):
            try:
                seen = await server.check_key()
            except ProviderUnreachableError as error:
                if not (error.rate_limited and is_true(provider.status.conditions, ConditionType.READY)):
                    raise
                # It is there, and only asks to be left alone.
                self._logger.info("modelprovider %s: %s", Key.of(provider), error)
                return jittered(pause(error, retry_interval=self._retry_interval))
        await self._settle.write(provider, available_status(provider, seen, now=self._now()))
        return jittered(self._interval)


def available_status(provider: ModelProvider, seen: str, *, now: datetime) -> ModelProviderStatus:
    """Say that the provider is there, with what was `seen` of it, as `accepts the key`."""
    generation = provider.metadata.generation
    return ModelProviderStatus(
        observed_generation=generation,
        conditions=with_conditions(
            provider.status.conditions,
            condition(
                ConditionType.READY,
                "True",
                Reason.AVAILABLE,
                f"{provider.spec.url} {seen}",
                generation=generation,
                now=now,
            ),
        ),
    )
