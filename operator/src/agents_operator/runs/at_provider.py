"""What the provider of a run still has of it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2

from agents_crds.contract.cut import restored
from agents_crds.contract.run import LoopResult, ProviderSnapshot
from agents_crds.v1alpha1 import Reason
from agents_operator.engine.world import World
from agents_operator.errors import Stalled
from agents_operator.kubernetes.api import KubernetesApi
from agents_operator.kubernetes.resources import MODEL_PROVIDERS
from agents_operator.kubernetes.secrets import Secrets
from agents_operator.mistral import MistralConnections, MistralConversations
from agents_operator.providers.access import ProviderAccess


class AtProvider:
    """Asks the provider of a run, with the key of its ModelProvider.

    Every method raises Stalled, Waiting, a ProviderError or an ApiServerError when that is not possible.
    """

    def __init__(self, api: KubernetesApi, http: httpx2.AsyncClient) -> None:
        self._api = api
        # It remembers nothing: a key is needed once.
        self._access = ProviderAccess(
            World(), Secrets(api), MistralConnections(http), retry_interval=timedelta()
        )

    async def answer(self, namespace: str, provider: ProviderSnapshot, result: LoopResult) -> str:
        """Return the whole of an answer that was cut; no model is called."""
        if result.conversation_id is None:
            raise Stalled(
                Reason.CONVERSATION_NOT_FOUND, "the run had no conversation that the provider would keep"
            )
        conversations = await self._open(namespace, provider)
        whole = restored(result.text, await conversations.messages(result.conversation_id))
        if whole is None:
            raise Stalled(
                Reason.CONVERSATION_NOT_FOUND, f"conversation {result.conversation_id} does not have it"
            )
        return whole

    async def file(self, namespace: str, provider: ProviderSnapshot, file_id: str) -> AsyncIterator[bytes]:
        """Read a file that a tool of the provider made, piece by piece."""
        conversations = await self._open(namespace, provider)
        async for piece in conversations.file(file_id):
            yield piece

    async def _open(self, namespace: str, provider: ProviderSnapshot) -> MistralConversations:
        stored = await self._api.get(MODEL_PROVIDERS, namespace, provider.name)
        if stored is None:
            raise Stalled(
                Reason.PROVIDER_NOT_FOUND,
                f"there is no ModelProvider {provider.name} in namespace {namespace} any more",
            )
        return await self._access.open_conversations(stored)
