"""How the rest of the operator gets to a provider."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from agents_crds.contract.headers import NOT_A_KEY, is_header_value
from agents_crds.v1alpha1 import Agent, ConditionType, ModelProvider, Reason
from agents_crds.v1alpha1.fields import SecretKeyRef
from agents_operator.engine.world import World
from agents_operator.errors import Waiting
from agents_operator.kubernetes.errors import ForbiddenError
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mistral import ChatServer, MistralAgents, MistralConnections, MistralConversations


@dataclass(frozen=True)
class OpenedProvider:
    """A provider's account, open."""

    provider: ModelProvider
    mistral: MistralAgents


class ProviderAccess:
    """Opens the accounts that ModelProviders describe; keys rotate, so each is read anew each time."""

    def __init__(
        self,
        world: World,
        secrets: Secrets,
        connections: MistralConnections,
        *,
        retry_interval: timedelta,
    ) -> None:
        self._world = world
        self._secrets = secrets
        self._connections = connections
        self._retry_interval = retry_interval
        self._last: dict[tuple[str, str], OpenedProvider] = {}

    async def open_to_remove(self, namespace: str, name: str) -> OpenedProvider:
        """Open an account for the last time.

        A namespace that is deleted takes its Secrets and providers first: the key that was used last still
        serves then, unless the operator was restarted in between. Raises Waiting.
        """
        try:
            provider = self.find(namespace, name)
            return OpenedProvider(provider, await self.open(provider))
        except Waiting:
            last = self._last.get((namespace, name))
            if last is None:
                raise
            return last

    def forget_unused(self, *, apart_from: Agent | None = None) -> None:
        """Drop the keys of ModelProviders that are gone and that no Agent, but for the one, refers to."""
        for namespace, name in tuple(self._last):
            if self._world.providers.named(namespace, name) is None and not any(
                refers_to(agent, name)
                for agent in self._world.agents.within(namespace)
                if apart_from is None or agent.metadata.uid != apart_from.metadata.uid
            ):
                del self._last[namespace, name]

    def find(self, namespace: str, name: str) -> ModelProvider:
        """Return the ModelProvider of that name; raise Waiting when there is none."""
        provider = self._world.providers.named(namespace, name)
        if provider is None:
            raise Waiting(
                Reason.PROVIDER_NOT_FOUND,
                f"there is no ModelProvider {name} in namespace {namespace}",
                after=self._retry_interval,
                condition=ConditionType.RESOLVED_REFS,
            )
        return provider

    async def open(self, provider: ModelProvider) -> MistralAgents:
        """Open the provider's account; raise Waiting while it has none, or its key is not there."""
        key = await self._key(provider)
        opened = OpenedProvider(provider, self._connections.open(provider.spec.url, key))
        self._last[provider.metadata.namespace, provider.metadata.name] = opened
        return opened.mistral

    async def open_conversations(self, provider: ModelProvider) -> MistralConversations:
        """Open what the provider's account keeps of runs; raise Waiting as `open` does."""
        return self._connections.conversations(provider.spec.url, await self._key(provider))

    async def _key(self, provider: ModelProvider) -> SecretStr:
        ref = provider.spec.api_key_secret_ref
        if provider.spec.protocol != "Mistral" or ref is None:
            raise Waiting(
                Reason.PROVIDER_NOT_FOUND,
                f"ModelProvider {provider.metadata.name} speaks {provider.spec.protocol} only: there are no "
                "remote agents",
                after=self._retry_interval,
            )
        return await self._read(provider, ref)

    async def open_to_check(self, provider: ModelProvider) -> MistralAgents | ChatServer:
        """Open a provider of whatever protocol; raise Waiting while its key is missing or cannot be one."""
        if provider.spec.protocol == "Mistral":
            return await self.open(provider)
        ref = provider.spec.api_key_secret_ref
        key = None if ref is None else await self._read(provider, ref)
        return self._connections.chat(provider.spec.url, key)

    async def _read(self, provider: ModelProvider, ref: SecretKeyRef) -> SecretStr:
        namespace = provider.metadata.namespace
        try:
            key = await self._secrets.read(namespace, ref)
        except ForbiddenError as error:
            raise Waiting(
                Reason.SECRET_NOT_FOUND,
                f"the operator may not read Secret {ref.name} in namespace {namespace}: "
                "its role needs get on secrets there",
                after=self._retry_interval,
            ) from error
        if key is None or not key.get_secret_value():
            variable = "MISTRAL_API_KEY" if provider.spec.protocol == "Mistral" else "API_KEY"
            raise Waiting(
                Reason.SECRET_NOT_FOUND,
                f"ModelProvider {provider.metadata.name} needs key {ref.key} of Secret {ref.name}, which "
                f"does not exist or is empty: kubectl create secret generic {ref.name} "
                f"--namespace {namespace} --from-literal={ref.key}=${variable}",
                after=self._retry_interval,
            )
        if not is_header_value(key.get_secret_value()):
            raise Waiting(
                Reason.PROVIDER_UNAUTHORIZED,
                f"key {ref.key} of Secret {ref.name} is not an API key: {NOT_A_KEY}",
                after=self._retry_interval,
            )
        return key


def refers_to(agent: Agent, provider: str) -> bool:
    """Tell whether an Agent needs the ModelProvider of that name, or has left something there."""
    recorded = agent.status.remote
    return provider in {agent.spec.provider_ref.name, recorded.provider if recorded else None}
